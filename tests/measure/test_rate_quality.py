import pytest
from PIL import Image

from textsketch.layers import Mode
from textsketch.measure.baselines import best_within
from textsketch.measure.metrics import psnr_db, ssim
from textsketch.measure.rate_quality import BASELINES, BUDGETS_BYTES, curve_titles, point_sheet, sweep
from textsketch.pipeline import decode


@pytest.fixture(scope="module")
def small(photo):
    return photo.resize((120, 80))


@pytest.fixture(scope="module")
def points(small):
    return sweep(small, "a cup of coffee", budgets_bytes=(30, 200, 600))


def test_the_demo_sweeps_from_25_to_3000_bytes_beside_jpeg_webp_and_avif():
    assert (BUDGETS_BYTES[0], BUDGETS_BYTES[-1]) == (25, 3000) and BASELINES == ("jpeg", "webp", "avif")
    assert curve_titles() == [*Mode, "JPEG", "WebP", "AVIF"]


def test_every_point_is_a_file_within_its_budget_and_measured_as_decoded(points, small):
    assert {point.curve for point in points} >= {*Mode, "WebP"}
    for point in points:
        assert point.size_bytes <= point.budget_bytes
        assert point.values == {"psnr_db": psnr_db(small, point.image), "ssim": ssim(small, point.image)}
        if point.extension == "tsk":
            assert decode(point.data).mode == point.curve
            assert decode(point.data).image.tobytes() == point.image.tobytes()
    webp = next(point for point in points if point.curve == "WebP" and point.budget_bytes == 600)
    assert webp.data == best_within(small, 600, "webp").data


def test_a_mode_with_nothing_more_to_send_is_not_repeated(points):
    texts = [point for point in points if point.curve == Mode.TEXT_ONLY]
    assert len(texts) < 3 and texts[-1].size_bytes < 0.9 * texts[-1].budget_bytes


def test_a_caption_that_does_not_fit_is_left_out_and_said(small):
    found = sweep(small, "a cup of coffee " * 12, budgets_bytes=(30,), baselines=())
    assert found and all("without the caption" in point.label for point in found)


def test_points_are_handed_over_as_they_are_found_and_progress_can_stop_it(small):
    found, shares = [], []

    def progress(share, message):
        shares.append(share)
        if len(found) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(small, "", budgets_bytes=(60, 300), progress=progress, found=found.append)
    assert len(found) == 3 and shares == sorted(shares)


def test_the_contact_sheet_has_a_row_a_curve_and_a_column_a_budget(points, small):
    sheet = point_sheet(small, points, "how it was measured")
    curves = len({point.curve for point in points})
    assert sheet.width == 3 * 300 + 12
    assert sheet.height > (curves + 1) * 192
    first = sheet.crop((12, 12 + 16, 12 + 288, 12 + 16 + 192))
    assert psnr_db(first, small.resize((288, 192), Image.Resampling.LANCZOS)) > 60

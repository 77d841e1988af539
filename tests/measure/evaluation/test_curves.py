import pytest
from PIL import Image

from textsketch.layers import Mode
from textsketch.measure.baselines.search import best_within
from textsketch.measure.baselines.table import charted
from textsketch.measure.evaluation import curves, subject
from textsketch.measure.evaluation.contact_sheet import contact_sheet
from textsketch.measure.evaluation.curves import BUDGETS_BYTES, curve_titles, point_sheet, sweep
from textsketch.measure.metrics.pixels import psnr_db, ssim
from textsketch.pipeline import decode, encode

# Does not fit 25 bytes.
LONG_CAPTION = (
    "a cup of coffee and a spoon on a dark wooden table beside a folded newspaper in the morning light, "
    "seen from above by someone who has not slept"
)


@pytest.fixture(scope="module")
def small(photo):
    return photo.resize((120, 80))


@pytest.fixture(scope="module")
def points(small):
    return sweep(small, "a cup of coffee", budgets_bytes=(30, 200, 600))


def test_the_demo_sweeps_from_25_to_3000_bytes_beside_jpeg_webp_and_avif():
    assert (BUDGETS_BYTES[0], BUDGETS_BYTES[-1]) == (25, 3000) and charted() == ("jpeg", "webp", "avif")
    assert curve_titles() == [*Mode, "JPEG", "WebP", "AVIF"]


def test_every_point_is_a_file_within_its_budget_and_measured_as_decoded(points, small):
    assert {point.curve for point in points} >= {*Mode, "WebP"}
    for point in points:
        assert point.size_bytes <= point.budget_bytes
        assert point.values == {"psnr": psnr_db(small, point.image), "ssim": ssim(small, point.image)}
        if point.extension == "tsk":
            assert decode(point.data).mode == point.curve
            assert decode(point.data).image.tobytes() == point.image.tobytes()
    webp = next(point for point in points if point.curve == "WebP" and point.budget_bytes == 600)
    assert webp.data == best_within(small, 600, "webp").data


@pytest.fixture(scope="module")
def long_captioned(photo):
    return sweep(photo, LONG_CAPTION, budgets_bytes=(25, 70, 200, 500), rivals=())


def test_an_underspent_budget_does_not_end_a_curve(small, monkeypatch):
    monkeypatch.setattr(
        subject,
        "encode",
        lambda picture, *, budget, **options: encode(
            picture, budget="40B" if budget == "70B" else budget, **options
        ),
    )
    points = sweep(small, "a cup", budgets_bytes=(25, 70, 200, 500), rivals=())
    painted = {point.budget_bytes: point for point in points if point.curve == Mode.THREE_LAYER}
    assert list(painted) == [25, 70, 200, 500]
    assert painted[70].size_bytes <= 40 and painted[200].size_bytes > 0.9 * 200


def test_only_the_same_file_again_gives_no_point(long_captioned, points, photo):
    for found in (long_captioned, points):
        assert len({(point.curve, point.data) for point in found}) == len(found)
    texts = [point for point in long_captioned if point.curve == Mode.TEXT_ONLY]
    assert [point.budget_bytes for point in texts] == [25, 70, 200]
    assert encode(photo, mode="text-only", budget=500, caption=LONG_CAPTION).data == texts[-1].data


def test_the_contact_sheet_says_why_a_place_is_empty(points, small, monkeypatch):
    texts = {}

    def read(rows, heading):
        texts.update((tile.title, tile.text) for row in rows for tile in row if tile.image is None)
        return contact_sheet(rows, heading)

    monkeypatch.setattr(curves, "contact_sheet", read)
    chosen = [point for point in points if point.curve == Mode.THREE_LAYER and point.budget_bytes != 200]
    chosen += [point for point in points if point.curve == Mode.TEXT_ONLY and point.budget_bytes == 30]
    chosen += [point for point in points if point.curve == "WebP" and point.budget_bytes == 200]
    point_sheet(small, chosen, "")
    assert texts == {
        "three-layer, 200 B": "the same file as at 30 B",
        "text-only, 200 B": "nothing more to send: the same file as at 30 B",
        "text-only, 600 B": "nothing more to send: the same file as at 30 B",
        "WebP, 30 B": "no file this small",
        "WebP, 600 B": "nothing more to send: the same file as at 200 B",
    }


def test_a_caption_that_does_not_fit_is_left_out_and_said(small):
    found = sweep(small, "a cup of coffee " * 12, budgets_bytes=(30,), rivals=())
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

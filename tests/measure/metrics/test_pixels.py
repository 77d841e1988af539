import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from textsketch.measure.metrics.pixels import ms_ssim, psnr_db, ssim


def test_equal_pictures_are_perfect(photo):
    assert psnr_db(photo, photo) == float("inf")
    assert ssim(photo, photo) == pytest.approx(1)


def test_psnr_of_a_constant_difference():
    a, b = Image.new("RGB", (9, 9), (100, 100, 100)), Image.new("RGB", (9, 9), (110, 110, 110))
    assert psnr_db(a, b) == pytest.approx(20 * np.log10(255 / 10), abs=1e-6)


def test_ssim_agrees_with_scikit_image(photo):
    noisy = np.asarray(photo, int) + np.random.default_rng(0).integers(-20, 21, (160, 240, 1))
    distorted = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    expected = structural_similarity(
        np.asarray(photo.convert("L")),
        np.asarray(distorted.convert("L")),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert ssim(photo, distorted) == pytest.approx(expected, abs=1e-4)


def test_ms_ssim_falls_with_blur_and_needs_161_pixels(photo):
    large = photo.resize((320, 200))
    blurred = large.resize((40, 25)).resize((320, 200))
    assert 0 < ms_ssim(large, blurred) < ms_ssim(large, large) <= 1
    assert ms_ssim(photo, photo) is None


def test_pictures_of_different_size_are_not_compared(photo):
    with pytest.raises(ValueError, match="one size"):
        psnr_db(photo, photo.resize((10, 10)))

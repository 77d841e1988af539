import numpy as np
from PIL import Image, ImageFilter

from textsketch.measure.detail import unsaid_share


def test_what_a_painting_shows_is_not_unsaid(photo):
    assert unsaid_share(photo, photo) == 0
    assert unsaid_share(photo, photo.filter(ImageFilter.GaussianBlur(1))) < 0.1


def test_noise_that_another_noise_stands_for_is_unsaid_and_flat_colour_never_is():
    rng = np.random.default_rng(0)
    one, other = (
        Image.fromarray(np.repeat(rng.integers(0, 256, (96, 64, 1), np.uint8), 3, 2)) for _ in range(2)
    )
    assert unsaid_share(one, other) > 0.9
    flat = Image.new("RGB", (64, 96), "teal")
    assert unsaid_share(flat, other) == 0


def test_a_picture_of_any_size_is_compared():
    for size in ((1, 1), (2000, 3), (700, 900)):
        assert unsaid_share(Image.new("RGB", size, "red"), Image.new("RGB", size, "blue")) == 0

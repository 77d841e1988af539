import pytest

from textsketch.semantic.captions.wording import cleaned, fitted
from textsketch.semantic.text.coder import encode_text


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("arafed dog sitting on a bench", "dog sitting on a bench"),
        ("araffe standing in a field", "standing in a field"),
        ("there is a cat that is laying on a bed", "a cat that is laying on a bed"),
        ("The image shows a red car parked on a street.", "a red car parked on a street"),
        ("This picture depicts two people\nwalking", "two people walking"),
        ("In this image we can see a lighthouse", "a lighthouse"),
        ("a photo of a giraffe near a picture of the sea", "a giraffe near a picture of the sea"),
        ("a giraffe and the image of a king", "a giraffe and the image of a king"),
        ("", ""),
    ],
)
def test_what_captioners_always_say_is_not_sent(written, sent):
    assert cleaned(written) == sent


LONG = "a brown dog with a red collar running on the beach near the water, chased by two small children"


def test_a_caption_that_fits_stays_and_a_longer_one_ends_after_a_whole_phrase():
    cost = len(encode_text(LONG))
    assert fitted(LONG, cost) == LONG
    cuts = [fitted(LONG, most) for most in range(cost)]
    assert all(len(encode_text(cut)) <= most for most, cut in enumerate(cuts))
    assert [len(cut) for cut in cuts] == sorted(len(cut) for cut in cuts)
    assert {"a brown dog", "a brown dog with a red collar running on the beach near the water"} <= set(cuts)
    assert cuts[0] == "" and not any(cut.endswith((" with", " the", " a", ",", " on")) for cut in cuts)

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
        ("this is an image of a dog", "a dog"),
        ("An image showing a dog", "a dog"),
        ("The image displays: a dog", "a dog"),
        ("In this image, a man is standing", "a man is standing"),
        ("this image is of a dog", "a dog"),
        ("The image shows", ""),
        ("araffy dog in a view of araffes", "dog in a view"),
        ("Yasser Arafat waves", "Yasser Arafat waves"),
        ("", ""),
        (" \n\t ", ""),
        ("Der Hund läuft über die Wiese.", "Der Hund läuft über die Wiese"),
        ("这是一只狗在草地上跑", "这是一只狗在草地上跑"),
        ("a dog \U0001f469\u200d\U0001f4bb", "a dog \U0001f469\u200d\U0001f4bb"),
        ("\x00\x1b[31ma \x07dog\u202e on\ud800 \u200bgrass\ufeff", "[31ma dog on grass"),
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

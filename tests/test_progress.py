"""Word of how far the work is, handed down in shares."""

from textsketch.progress import ignore, share


def test_a_share_covers_its_part_of_the_whole():
    seen = []
    second_half = share(lambda fraction, message: seen.append((fraction, message)), 0.5, 1.0)
    second_half(0.0, "begun")
    share(second_half, 0.0, 0.5)(1.0, "half of the half")
    second_half(1.0, "done")
    assert seen == [(0.5, "begun"), (0.75, "half of the half"), (1.0, "done")]


def test_ignored_progress_says_nothing():
    assert share(ignore, 0.2, 0.4)(0.5, "anything") is None

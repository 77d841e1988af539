"""Word of how far the work is, handed down in shares."""

from textsketch import progress
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


def test_a_download_tells_what_is_here_the_speed_and_the_time_left(monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    said = []
    report = progress.with_speed(lambda fraction, message: said.append(message), 600_000_000)
    report(0.0, "Asking")
    now_s[0] += 2
    report(0.5, "Downloading")  # half of it was here before: that is no speed
    now_s[0] += 0.3
    report(0.52, "Downloading")  # nor is what came in an instant
    assert said == ["Asking", "Downloading, 300 of 600 MB", "Downloading, 312 of 600 MB"]
    for _ in range(20):
        now_s[0] += 1
        report(0.52 + (now_s[0] - 102.3) * 0.01, "Downloading")
    assert said[-1] == "Downloading, 432 of 600 MB, 6.0 MB/s, 28 s left"
    now_s[0] += 60
    report(0.72, "Downloading")
    now_s[0] += 1
    report(0.72, "Downloading")  # nothing came for so long that there is no speed to tell
    assert said[-1] == "Downloading, 432 of 600 MB"


def test_a_download_of_next_to_nothing_tells_no_speed(monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    said = []
    report = progress.with_speed(lambda fraction, message: said.append(message), 600_000_000)
    for fraction in (0.0, 1e-6, 2e-6):  # a configuration, and the hub thinks long
        report(fraction, "Downloading")
        now_s[0] += 5
    assert not any("MB/s" in message for message in said)

import random

import pytest

from textsketch.share.digits import bytes_of, digits_of


@pytest.mark.parametrize("count", [*range(150), 1200, 2953])
def test_bytes_come_back_from_digits_whatever_they_are(count):
    drawn = random.Random(count).randbytes(count)
    for data in (drawn, bytes(count), b"\xff" * count, b"\0" + drawn[1:] if count else b""):
        digits = digits_of(data)
        assert bytes_of(digits) == data and (digits.isdecimal() or not data)


def test_digits_cost_a_qr_code_four_tenths_of_a_percent_of_a_packet():
    for count in (1200, 2900):
        bits = len(digits_of(b"\xff" * count)) * 10 / 3
        assert 1 < bits / (8 * count) < 1.004


@pytest.mark.parametrize(
    "wrong",
    ["9", "12", "256", "999", "9" * 171, "0" * 172, "12a", "-12", "+12", " 12", "1_2", "٣٣٣", "²²²", "0" * 4],
)
def test_digits_that_nobody_wrote_are_refused(wrong):
    with pytest.raises(ValueError):
        bytes_of(wrong)

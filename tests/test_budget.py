import numpy as np
import pytest

from textsketch.budget import MAX_BUDGET_BYTES, PRESETS, parse_budget
from textsketch.errors import BudgetError


@pytest.mark.parametrize(
    ("budget", "size_bytes"),
    [
        (1500, 1500),
        ("1500B", 1500),
        ("1500", 1500),
        ("1,200 bytes", 1200),
        (" 1.5 kB ", 1500),
        ("1KiB", 1024),
        ("0.29kB", 290),
        ("0.02bpp", 983),
        ("2e-2 bpp", 983),
        ("100 micro-bpp", 4),
        ("sms", 140),
        ("Packet", 1200),
        ("qr", 2953),
        ("micro", 4),
    ],
)
def test_budgets_of_a_768x512_picture(budget, size_bytes):
    assert parse_budget(budget, (768, 512)) == size_bytes


def test_100_micro_bpp_is_13_bytes_at_1024x1024():
    assert parse_budget("micro", (1024, 1024)) == 13


@pytest.mark.parametrize("budget", [0, -5, "0B", "0.0000001bpp", "micro"])
def test_less_than_a_byte_is_an_error(budget):
    with pytest.raises(BudgetError, match="less than one byte"):
        parse_budget(budget, (64, 64))


@pytest.mark.parametrize(
    "budget", ["", "much", "12 parsecs", "-3B", "1e9", "9" * 5000, None, 1.5, True, "nan bpp"]
)
def test_what_is_no_budget_is_an_error_that_names_the_presets(budget):
    with pytest.raises(BudgetError, match=r"1500B.*micro, sms, packet, qr"):
        parse_budget(budget, (768, 512))


@pytest.mark.parametrize("budget", [MAX_BUDGET_BYTES + 1, "9bpp", "1e300bpp"])
def test_budgets_beyond_the_limit_are_refused(budget):
    with pytest.raises(BudgetError, match="beyond the limit"):
        parse_budget(budget, (768, 512))


def test_every_preset_is_found_under_its_name():
    assert all(preset.name == name for name, preset in PRESETS.items())


def test_an_array_is_no_budget():
    with pytest.raises(BudgetError, match="cannot understand"):
        parse_budget(np.array([300, 400]), (100, 100))

import re

import pytest
from conftest import EXAMPLES
from PIL import Image

from textsketch import encode
from textsketch.errors import BudgetError
from textsketch.web import html
from textsketch.web.live_lines import CUSTOM, describe_budget, describe_caption, offered_budgets, settings_of

CAT = str(EXAMPLES / "cat.jpg")


@pytest.mark.parametrize("mode", ["text-only", "text+sketch", "three-layer"])
def test_the_bytes_said_to_be_needed_are_exactly_enough(mode):
    line = describe_budget(CAT, mode, "micro", "", "the face of a cat", 3)
    needed = int(re.search(r"at least (\d+) bytes", line)[1])
    assert (
        "ts-error" in line
        and "a larger picture" in line
        and ("fewer layers" in line) == (mode != "text-only")
    )
    assert "ts-error" not in describe_budget(CAT, mode, CUSTOM, str(needed), "the face of a cat", 3)
    assert encode(CAT, mode=mode, budget=needed, caption="the face of a cat", seed=3).size_bytes <= needed
    with pytest.raises(BudgetError, match="larger picture"):
        encode(CAT, mode=mode, budget=needed - 1, caption="the face of a cat", seed=3)


def test_a_budget_that_fits_is_told_as_a_rate():
    assert "140 bytes = 0.00830 bits per pixel at 450\u00a0x\u00a0300" in describe_budget(
        CAT, "three-layer", "sms", "", "", 0
    )


def test_a_budget_of_words_is_told_in_micro_bpp(tmp_path):
    Image.new("RGB", (1024, 1024)).save(tmp_path / "large.png")
    line = describe_budget(str(tmp_path / "large.png"), "text-only", "micro", "", "a teal wall", 0)
    assert "13 bytes = 99 micro-bpp at 1024\u00a0x\u00a01024" in line
    assert html.rate(0.00098) == "980 micro-bpp" and html.rate(0.00107) == "0.0011 bpp"


def test_a_caption_is_counted():
    assert re.search(r"5 characters → \d byte", describe_caption("a cat"))
    assert "ts-error" in describe_caption("half a character \ud800")


def test_a_caption_is_coded_while_it_is_typed_only_as_far_as_that_is_quick():
    long = "a cat and another one, " * 100
    assert "2,300 characters" in describe_caption(long) and "zlib" not in describe_caption(long)
    assert "ts-error" not in describe_budget(CAT, "text-only", CUSTOM, "200B", long, 0)


def test_presets_without_a_file_are_not_offered_and_a_choice_made_meanwhile_is_kept():
    offer = offered_budgets(CAT, "text-only", "sms")
    assert "micro" not in [name for _, name in offer["choices"]] and "Micro" in offer["info"]
    assert "value" not in offer  # an answer may arrive after the visitor chose anew
    assert offered_budgets(CAT, "text-only", "micro")["value"] == "sms"
    assert "micro" in [name for _, name in offered_budgets(None, "text-only", "micro")["choices"]]
    assert "micro" not in [name for _, name in offered_budgets(None, "text-only", "sms")["choices"]]


def test_a_preset_of_less_than_one_byte_is_not_offered(tmp_path):
    Image.new("RGB", (100, 80)).save(tmp_path / "small.png")
    offer = offered_budgets(str(tmp_path / "small.png"), "text-only", "micro")
    assert "micro" not in [name for _, name in offer["choices"]] and offer["value"] == "sms"


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_said_in_a_sentence(seed):
    line = describe_budget(CAT, "three-layer", "sms", "", "", seed)
    assert "ts-error" in line and f"the seed {seed}".lower() in line.lower()


@pytest.mark.parametrize("mode", ["text-only", "text+sketch", "three-layer"])
def test_a_preset_is_offered_where_a_file_of_the_mode_s_layers_can_exist(tmp_path, mode):
    path = str(tmp_path / "large.png")
    Image.new("RGB", (1000, 800)).save(path)
    offered = "micro" in [name for _, name in offered_budgets(path, mode, "sms")["choices"]]
    try:
        encode(path, mode=mode, budget="micro")
    except BudgetError:
        assert not offered
    else:
        assert offered


def test_the_page_s_address_sets_mode_and_budget_and_nonsense_sets_nothing():
    assert settings_of({"mode": "text-only", "budget": "sms"}) == ("text-only", "sms", None)
    assert settings_of({"budget": "0.02bpp"}) == (None, CUSTOM, "0.02bpp")
    assert settings_of({"mode": "oil", "budget": "much"}) == (None, None, None)

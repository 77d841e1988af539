"""How hard the painter's encoder searches: what every effort keeps to."""

import pytest
from conftest import forget_pictures

import textsketch as ts
from textsketch.cli import main
from textsketch.layers import Mode
from textsketch.measure.metrics.pixels import psnr_db

EFFORTS = (1, 2, 3)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("budget", [60, 300, 1200])
def test_every_effort_spends_its_budget_and_no_more(photo, budget, effort):
    size_bytes = ts.encode(photo, budget=budget, caption="a cup of coffee", effort=effort).size_bytes
    assert 0.9 * budget <= size_bytes <= budget


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("effort", EFFORTS)
def test_an_effort_gives_the_same_bytes_again(photo, mode, effort):
    once = ts.encode(photo, mode=mode, budget=200, effort=effort).data
    forget_pictures()
    assert once == ts.encode(photo, mode=mode, budget=200, effort=effort).data and len(once) <= 200


def test_the_most_effort_is_the_default(photo):
    assert ts.encode(photo, budget=300, effort=3).data == ts.encode(photo, budget=300).data


def test_a_quick_answer_is_nearly_as_good(photo):
    quick, best = (
        psnr_db(photo, ts.decode(ts.encode(photo, budget=600, effort=effort).data, grain=False).image)
        for effort in (1, 3)
    )
    assert best - 0.5 < quick


@pytest.mark.parametrize("effort", [0, 4, 1.5, None, True, "1"])
def test_an_effort_that_is_none_is_one_sentence(photo, effort):
    with pytest.raises(ts.OptionError, match="effort must be a whole number from 1 to 3"):
        ts.encode(photo, budget=300, effort=effort)


def test_the_command_line_takes_an_effort(photo_path, photo, tmp_path, capsys):
    out = tmp_path / "out.tsk"
    assert main(["encode", str(photo_path), str(out), "--budget", "300", "--effort", "1"]) == 0
    assert out.read_bytes() == ts.encode(photo, budget=300, effort=1).data
    capsys.readouterr()
    compare = ["compare", str(photo_path), "--out", str(tmp_path), "--budget", "300", "--baselines", ""]
    assert main([*compare, "--effort", "1"]) == 0
    assert (tmp_path / "picture.tsk").read_bytes() == out.read_bytes()
    capsys.readouterr()
    assert main(["encode", str(photo_path), "--effort", "9"]) == 2
    assert "effort must be a whole number from 1 to 3, not 9" in capsys.readouterr().err

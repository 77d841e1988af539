import pytest

from textsketch.measure.evaluation.cells import Cell
from textsketch.measure.evaluation.plots import curves, draw, write_plots
from textsketch.measure.evaluation.summary import Group, Summary


@pytest.fixture
def summary() -> Summary:
    def group(codec, mode, budget, fitting, rate, values):
        renderer = "painter" if mode else ""
        return Group(
            Cell(codec, mode, renderer, budget), 2, fitting, [100, 100], [rate, rate], {"psnr": values}
        )

    groups = [
        group("textsketch", "text-only", "100B", 2, 0.001, [14.0, 16.0]),
        group("textsketch", "text-only", "300B", 2, 0.001, [14.0, 16.0]),
        group("jpeg", "", "300B", 2, 0.006, [20.0, 24.0]),
        group("jpeg", "", "100B", 1, 0.002, [19.0]),
    ]
    return Summary(groups, ("psnr",), "2 pictures; bpp of real files", {}, {}, [])


def test_a_curve_has_only_budgets_where_every_picture_has_a_file(summary):
    found = curves(summary, "psnr")
    assert found == {"textsketch text-only": [(0.001, 15.0, 1.0)], "JPEG": [(0.006, 22.0, 2.0)]}


def test_the_rate_axis_is_logarithmic_and_the_lines_are_the_curves(summary):
    figure = draw(summary, ["psnr"])
    figure.draw_without_rendering()
    (panel,) = figure.axes
    assert panel.get_xscale() == "log"
    labels = [label.get_text() for label in panel.get_xticklabels()]
    assert {"0.001", "0.002", "0.005"} <= set(labels) and panel.xaxis.get_minorticklocs().size == 0
    lines = {line.get_label(): line.get_xydata().tolist() for line in panel.get_lines()}
    assert lines["JPEG"] == [[0.006, 22.0]] and lines["textsketch text-only"] == [[0.001, 15.0]]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["textsketch text-only", "JPEG"]


def test_plots_are_the_same_bytes_in_every_run(summary, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        assert write_plots(summary, tmp_path / name) == ["psnr", "overview"]
    for plot in ("psnr.svg", "psnr.png", "overview.svg"):
        assert (tmp_path / "first/plots" / plot).read_bytes() == (
            tmp_path / "second/plots" / plot
        ).read_bytes()


def test_the_plain_painting_is_a_thinner_line_of_the_same_colour(summary):
    for plain in (False, True):
        cell = Cell("textsketch", "three-layer", "painter", "300B", plain)
        summary.groups.append(Group(cell, 2, 2, [300, 300], [0.006, 0.006], {"psnr": [20.0 + plain, 21.0]}))
    (panel,) = draw(summary, ["psnr"]).axes
    lines = {line.get_label(): line for line in panel.get_lines()}
    usual, plain = lines["textsketch three-layer"], lines["textsketch three-layer, plain"]
    assert plain.get_color() == usual.get_color() and plain.get_linewidth() < usual.get_linewidth()

"""A new kind of structure, renderer, metric or baseline is one row, seen everywhere without another change."""

import csv
import json
from dataclasses import dataclass, replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

import textsketch as ts
from textsketch.cli import main
from textsketch.layers import Structure
from textsketch.measure.baselines.format import Format
from textsketch.measure.baselines.table import FORMATS
from textsketch.measure.evaluation.curves import curve_titles, sweep
from textsketch.measure.metrics.metric import Metric, Place
from textsketch.measure.metrics.table import METRICS
from textsketch.options import Options, option
from textsketch.render import registry
from textsketch.render.renderer import Renderer
from textsketch.structure import kinds
from textsketch.structure.kind import Kind, OperatingPoints
from textsketch.web.controls import Changes
from textsketch.web.rate_tab import rate_tab
from textsketch.web.renderer_controls import renderer_controls


@dataclass(frozen=True)
class Horizon(Structure):
    """One line across the picture, at a share of its height in 255ths."""

    height: int


def draw(structure, size, thickness):
    cover = np.zeros((size[1], size[0]), np.float32)
    cover[structure.height * (size[1] - 1) // 255] = 1
    return cover


@pytest.fixture
def horizon(monkeypatch):
    row = Kind(
        name="horizon",
        title="Horizon",
        structure=Horizon,
        extract=lambda picture, detector: OperatingPoints(1, lambda step: Horizon(80 * step)),
        pack=lambda structure, size, version: bytes([structure.height]),
        unpack=lambda data, size, version: Horizon(data[0]),
        draw=draw,
        condition=lambda structure, size, guide: ("edges", Image.new("L", size)),
    )
    monkeypatch.setattr(kinds, "KINDS", [*kinds.KINDS, row])
    return row


@dataclass(frozen=True)
class FlatOptions(Options):
    """Options of a renderer that paints one colour."""

    shade: int = option(90, "how light the picture is", least=0, most=255)


@pytest.fixture
def flat(monkeypatch):
    row = Renderer(
        name="flat",
        title="One colour",
        render=lambda layers, size, options, *, progress, preview: Image.new(
            "RGB", size, (options.shade,) * 3
        ),
        allocate=registry.DEFAULT.allocate,
        allocation=registry.DEFAULT.allocation,
        options=FlatOptions,
    )
    monkeypatch.setattr(registry, "RENDERERS", [*registry.RENDERERS, row])
    return row


def help_of(command, capsys) -> str:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return " ".join(capsys.readouterr().out.split())


def components(build) -> list:
    with gr.Blocks() as demo:
        build()
    return [component for component in demo.blocks.values() if hasattr(component, "choices")]


def test_a_kind_of_structure_is_encoded_decoded_painted_and_offered(horizon, photo, capsys, monkeypatch):
    options = {"mode": "text+sketch", "budget": 60, "renderer": "pics", "structure": "horizon"}
    encoded = ts.encode(photo, **options)
    layers = ts.unpack(encoded.data)
    assert layers.structure == Horizon(80)
    dark = np.asarray(ts.paint(layers).convert("L"), float)
    assert dark.mean(1).argmin() in range(48, 54)
    assert "horizon" in help_of("encode", capsys)
    here = [replace(row, unavailable=lambda: None) for row in registry.RENDERERS]
    monkeypatch.setattr(registry, "RENDERERS", here)
    choices = [
        choice for one in components(lambda: renderer_controls("t", encoding=True)) for choice in one.choices
    ]
    assert ("horizon", "horizon") in choices


def test_a_renderer_is_used_by_name_takes_its_own_options_and_is_offered(
    flat, photo, photo_path, tmp_path, capsys
):
    encoded = ts.encode(photo, budget=100, renderer="flat")
    assert np.asarray(encoded.decoded).max() == 90
    assert np.asarray(ts.decode(encoded.data, renderer="flat", shade=7).image).max() == 7
    with pytest.raises(ts.OptionError, match="shade must be a whole number from 0 to 255"):
        ts.decode(encoded.data, renderer="flat", shade=256)
    with pytest.raises(ts.OptionError, match="does not take the option grain; it takes shade; .* painter"):
        ts.decode(encoded.data, renderer="flat", grain=False)
    path = tmp_path / "flat.tsk"
    path.write_bytes(encoded.data)
    assert main(["decode", str(path), str(tmp_path / "flat.png"), "--renderer", "flat", "--shade", "9"]) == 0
    assert np.asarray(Image.open(tmp_path / "flat.png")).max() == 9
    assert "--shade N flat: how light the picture is" in help_of("decode", capsys)
    assert "flat" in help_of("evaluate", capsys)
    found = [choice for one in components(lambda: renderer_controls("t")) for choice in one.choices]
    assert ("One colour", "flat") in found


def test_a_renderer_is_evaluated(flat, photo_path, tmp_path):
    arguments = ["evaluate", str(photo_path), "--out", str(tmp_path / "out"), "--renderers", "flat"]
    arguments += [
        "--modes",
        "text-only",
        "--budgets",
        "40",
        "--baselines",
        "",
        "--metrics",
        "psnr",
        "--workers",
        "1",
    ]
    assert main(arguments) == 0
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["renderer"] == "flat" and float(row["psnr"]) > 0


@pytest.fixture
def darkness(monkeypatch):
    row = Metric(
        name="darkness",
        title="Darkness",
        model="255 less the mean level of the decode",
        unit="levels",
        digits=1,
        higher=False,
        measure=lambda original, decoded, caption: 255 - float(np.asarray(decoded).mean()),
        reach=Place.CHART,
    )
    monkeypatch.setitem(METRICS, row.name, row)
    return row


def run_json(capsys, *arguments) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


EVALUATE = ["--modes", "text-only", "--budgets", "40B", "--workers", "1", "--max-side", "64"]


def test_a_metric_is_measured_tabled_plotted_and_offered(darkness, photo, photo_path, tmp_path, capsys):
    out = tmp_path / "evaluation"
    record = run_json(
        capsys,
        "evaluate",
        photo_path,
        "--out",
        out,
        *EVALUATE,
        "--baselines",
        "webp",
        "--metrics",
        "darkness",
    )
    means = [group["metrics"]["darkness"]["mean"] for group in record["groups"] if group["fitting"]]
    assert means and all(0 < mean < 255 for mean in means)
    assert "Darkness levels ↓" in (out / "summary.md").read_text(encoding="utf-8")
    assert (out / "plots" / "darkness.png").is_file() and '"darkness"' in (out / "gallery.html").read_text()
    assert "darkness" in help_of("evaluate", capsys)
    report = run_json(capsys, "compare", photo_path, "--out", tmp_path / "pair", "--budget", "40B")
    assert 0 < report["quality"]["darkness"] < 255 and 0 < report["baselines"][0]["quality"]["darkness"] < 255
    offered = [
        choice
        for one in components(
            lambda: rate_tab(
                SimpleNamespace(
                    jobs=None,
                    sweeps=None,
                    refreshes=[],
                    current=SimpleNamespace(inputs=boxes(4), changes=Changes([], [])),
                )
            )
        )
        for choice in one.choices
    ]
    assert ("Darkness", "darkness") in offered
    (point, *_) = sweep(photo.resize((48, 32)), "", budgets_bytes=(40,), rivals=())
    assert point.values["darkness"] == pytest.approx(255 - np.asarray(point.image).mean())


def boxes(count: int) -> list[gr.Textbox]:
    return [gr.Textbox() for _ in range(count)]


@pytest.fixture
def pixel(monkeypatch):
    row = Format(
        name="pixel",
        title="One pixel",
        extension="px",
        levels=2,
        save=lambda image, level: bytes(image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))),
        load=lambda data: Image.new("RGB", (4, 4), tuple(data)),
        describe=lambda level: "the mean colour",
        version=lambda: "1",
        charted=True,
    )
    monkeypatch.setitem(FORMATS, row.name, row)
    return row


def test_a_baseline_is_compared_with_evaluated_drawn_and_offered(pixel, photo, photo_path, tmp_path, capsys):
    out = tmp_path / "evaluation"
    record = run_json(
        capsys, "evaluate", photo_path, "--out", out, *EVALUATE, "--baselines", "pixel", "--metrics", "psnr"
    )
    (group,) = (group for group in record["groups"] if group["codec"] == "pixel")
    assert group["title"] == "One pixel" and group["mean_size_bytes"] == 3
    assert (out / "plots" / "psnr.png").is_file()
    for command in ("evaluate", "compare"):
        assert "pixel" in help_of(command, capsys)
    arguments = ["compare", photo_path, "--out", tmp_path / "pair", "--budget", "40B", "--baselines", "pixel"]
    (found,) = run_json(capsys, *arguments)["baselines"]
    assert found["fits"] and found["size_bytes"] == len((tmp_path / "pair" / "pixel.px").read_bytes()) == 3
    assert curve_titles()[-1] == "One pixel"
    points = sweep(photo.resize((48, 32)), "", budgets_bytes=(40,))
    assert "One pixel" in {point.curve for point in points}

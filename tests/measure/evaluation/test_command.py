"""`textsketch evaluate` as a whole: real files in, tables, plots and gallery out."""

import csv
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import EXAMPLES, ROOT
from PIL import Image

from textsketch.cli import main
from textsketch.image.reading import read_image
from textsketch.measure.baselines.table import FORMATS
from textsketch.measure.evaluation import bench, subject
from textsketch.measure.evaluation import command as evaluate_command
from textsketch.measure.evaluation.summary import to_table
from textsketch.measure.metrics import distribution
from textsketch.measure.metrics.pixels import psnr_db
from textsketch.measure.metrics.table import METRICS
from textsketch.pipeline import decode

BUDGETS = "40B,300B"
ARGUMENTS = ["--budgets", BUDGETS, "--modes", "text-only,three-layer", "--baselines", "jpeg,webp"]
ARGUMENTS += ["--metrics", "psnr,ssim"]
CODECS = 5  # three-layer files are painted in two ways


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Three photos of 96 x 64 pixels and a file that is none, with captions for some."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("cat", "coffee", "fig"):
        with Image.open(EXAMPLES / f"{name}.jpg") as image:
            image.convert("RGB").resize((96, 64), Image.Resampling.LANCZOS).save(folder / f"{name}.png")
    (folder / "torn.png").write_bytes(b"\x89PNG and then nothing")
    (folder / "notes.txt").write_text("no picture, not taken")
    (folder / "captions.yaml").write_text(
        f"cat.png: a cat\nfig: {'a fig cut in half on a dark plate ' * 4}\n"
    )
    return folder


def run(pictures: Path, out: Path, *arguments: str) -> int:
    return main(["evaluate", str(pictures), "--out", str(out), "--workers", "1", *ARGUMENTS, *arguments])


@pytest.fixture(scope="session")
def results(pictures, tmp_path_factory) -> Path:
    """The folder of one complete run."""
    out = tmp_path_factory.mktemp("results")
    assert run(pictures, out, "--captions", str(pictures / "captions.yaml")) == 0
    return out


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "results.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_is_one_row_a_picture_codec_and_budget(results):
    rows = rows_of(results)
    found = [(row["picture"], row["codec"], row["mode"], row["plain"], row["budget"]) for row in rows]
    assert len(found) == len(set(found)) == 3 * CODECS * 2
    assert {row["picture"] for row in rows} == {"cat", "coffee", "fig"}
    for row in rows:
        assert row["encoder"] and "Python" in row["versions"] and row["budget_bytes"]
        assert row["seed"] == ("0" if row["codec"] == "textsketch" else "")


def test_every_figure_is_of_the_file_that_lies_there(results, pictures):
    for row in rows_of(results):
        if not row["file"]:
            continue
        data = (results / row["file"]).read_bytes()
        assert len(data) == int(row["size_bytes"])
        assert float(row["rate_bpp"]) == pytest.approx(8 * len(data) / (96 * 64), rel=1e-5)
        assert (row["fits"] == "True") == (len(data) <= int(row["budget_bytes"]))
        if row["fits"] == "True":
            original = read_image(pictures / f"{row['picture']}.png")
            if row["codec"] == "textsketch":
                image = decode(data, brush=row["plain"] != "True").image
            else:
                image = FORMATS[row["codec"]].load(data).resize(original.size, Image.Resampling.LANCZOS)
            assert float(row["psnr"]) == pytest.approx(psnr_db(original, image), abs=1e-3)
        else:
            assert row["psnr"] == "" and "times larger" in row["options"]


def test_the_plain_painting_is_measured_beside_the_brushed_one_of_the_same_file(results):
    ours = [row for row in rows_of(results) if row["mode"] == "three-layer" and row["budget"] == "300B"]
    for brushed, plain in zip(ours[0::2], ours[1::2], strict=True):
        assert (brushed["plain"], plain["plain"]) == ("False", "True")
        assert brushed["picture"] == plain["picture"] and brushed["size_bytes"] == plain["size_bytes"]
        assert brushed["psnr"] != plain["psnr"]
    assert "textsketch three-layer, plain" in (results / "summary.md").read_text()


def test_the_plain_painting_can_be_left_out(pictures, tmp_path):
    assert run(pictures, tmp_path, "--no-plain", "--budgets", "300B", "--baselines", "") == 0
    assert {row["plain"] for row in rows_of(tmp_path)} == {"False"}


def test_a_caption_that_does_not_fit_is_left_out_and_said(results):
    by_key = {(r["picture"], r["mode"], r["budget"]): r for r in rows_of(results)}
    assert by_key["cat", "text-only", "40B"]["caption"] == "a cat"
    long = by_key["fig", "text-only", "40B"]
    assert long["fits"] == "True" and long["caption"] == "" and "does not fit" in long["note"]
    assert by_key["fig", "text-only", "300B"]["caption"].startswith("a fig")


def test_means_are_of_the_rows_and_only_where_every_picture_has_a_file(results):
    rows = rows_of(results)
    groups = json.loads((results / "summary.json").read_text())["groups"]
    assert len(groups) == CODECS * 2
    incomplete = 0
    for group in groups:
        members = [
            row
            for row in rows
            if [row[name] for name in ("codec", "mode", "budget")]
            == [group[name] for name in ("codec", "mode", "budget")]
            and (row["plain"] == "True") == group["plain"]
        ]
        assert group["fitting"] == sum(row["fits"] == "True" for row in members)
        if group["fitting"] < group["pictures"]:
            incomplete += 1
            assert group["metrics"] == {} and group["mean_rate_bpp"] is None
        else:
            mean = sum(float(row["psnr"]) for row in members) / len(members)
            assert group["metrics"]["psnr"]["mean"] == pytest.approx(mean, abs=1e-3)
    assert incomplete  # JPEG and WebP at 40 bytes
    assert "no file this small for 3 of 3 pictures" in (results / "summary.md").read_text()


def test_a_picture_that_cannot_be_read_is_reported_and_skipped(results, pictures):
    unread = json.loads((results / "summary.json").read_text())["unreadable_pictures"]
    assert list(unread) == [str(pictures / "torn.png")] and "damaged" in unread[str(pictures / "torn.png")]
    assert "torn.png" in (results / "summary.md").read_text()


def test_the_protocol_stands_in_every_output(results):
    line = "3 pictures; bpp = 8 x bytes of the whole file"
    assert line in (results / "summary.md").read_text()
    assert line in json.loads((results / "summary.json").read_text())["protocol"]
    assert line in (results / "gallery.html").read_text()
    assert all(row["protocol"].startswith(line) for row in rows_of(results))
    assert line in (results / "plots" / "psnr.svg").read_text()
    assert Image.open(results / "plots" / "psnr.png").info["Description"].startswith(line)
    for words in ("grain on", "scaled down", "PSNR: all sRGB samples", "captions in the files of 2 pictures"):
        assert words in (results / "summary.md").read_text()


def test_plots_are_there_as_png_and_svg(results):
    for name in ("psnr", "ssim", "overview"):
        assert Image.open(results / "plots" / f"{name}.png").width > 600
        assert (results / "plots" / f"{name}.svg").read_text().lstrip().startswith("<?xml")
    assert Image.open(results / "contact_sheet.png").width > 1000


def test_a_second_run_measures_nothing_again_and_a_larger_one_only_what_is_new(
    results, pictures, monkeypatch
):
    encoded = []
    real = subject.encode
    monkeypatch.setattr(
        subject,
        "encode",
        lambda picture, **how: encoded.append((how["mode"], how["budget"])) or real(picture, **how),
    )
    before = (results / "results.csv").read_bytes()
    captions = ("--captions", str(pictures / "captions.yaml"))
    assert run(pictures, results, *captions) == 0
    assert encoded == [] and (results / "results.csv").read_bytes() == before
    assert run(pictures, results, *captions, "--budgets", "300B,500B") == 0
    assert {budget for _, budget in encoded} == {"500B"}
    encoded.clear()
    assert run(pictures, results, *captions) == 0
    assert encoded == [] and (results / "results.csv").read_bytes() == before
    assert run(pictures, results, *captions, "--no-grain", "--modes", "text-only") == 0
    assert len(encoded) > 0  # other options are other measurements
    assert run(pictures, results, *captions) == 0
    assert (results / "results.csv").read_bytes() == before


def test_a_stopped_run_goes_on_where_it_was(results, pictures, tmp_path, monkeypatch):
    arguments = evaluate_arguments(pictures, tmp_path)
    calls = []

    def stop_in_the_middle(fraction, message):
        calls.append(fraction)
        if len(calls) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_command.run(arguments, stop_in_the_middle)
    done = sum(len(path.read_text().splitlines()) for path in (tmp_path / "work").glob("*.jsonl"))
    assert done == 5 and not (tmp_path / "results.csv").exists()
    measured = []
    real = bench.Bench.measure
    monkeypatch.setattr(bench.Bench, "measure", lambda self, cell: measured.append(cell) or real(self, cell))
    messages = []
    evaluate_command.run(arguments, lambda fraction, message: messages.append((fraction, message)))
    assert len(measured) == 3 * CODECS * 2 - 5
    assert (tmp_path / "results.csv").read_bytes() == (results / "results.csv").read_bytes()
    assert messages[-1][0] == pytest.approx(1) and any(" left" in message for _, message in messages)


def test_several_processes_stop_after_their_cell(pictures, tmp_path):
    arguments = evaluate_arguments(pictures, tmp_path)
    arguments.workers = 2

    def stop_at_the_first_cell(fraction, message):
        if fraction > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_command.run(arguments, stop_at_the_first_cell)
    done = sum(len(path.read_text().splitlines()) for path in (tmp_path / "work").glob("*.jsonl"))
    assert 0 < done < 3 * CODECS * 2


def evaluate_arguments(pictures: Path, out: Path):
    import argparse

    parser = argparse.ArgumentParser()
    evaluate_command.add_arguments(parser)
    captions = ["--captions", str(pictures / "captions.yaml")]
    return parser.parse_args([str(pictures), "--out", str(out), "--workers", "1", *ARGUMENTS, *captions])


def test_a_record_cut_short_by_a_crash_is_measured_again(pictures, results, tmp_path):
    captions = ("--captions", str(pictures / "captions.yaml"))
    assert run(pictures, tmp_path, *captions) == 0
    path = next((tmp_path / "work").glob("cat-*.jsonl"))
    path.write_bytes(path.read_bytes()[:-25])
    assert run(pictures, tmp_path, *captions) == 0
    assert (tmp_path / "results.csv").read_bytes() == (results / "results.csv").read_bytes()


def test_several_local_processes_give_the_same_rows(pictures, results, tmp_path):
    captions = ("--captions", str(pictures / "captions.yaml"))
    assert run(pictures, tmp_path, *captions, "--workers", "2") == 0
    for name in ("results.csv", "gallery.html"):
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes()


def test_two_processes_of_accelerate_launch_give_the_same_rows(pictures, results, tmp_path):
    pytest.importorskip("accelerate")
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    command += [
        "--main_process_port",
        "0",
        "-m",
        "textsketch",
        "evaluate",
        str(pictures),
        "--out",
        str(tmp_path),
    ]
    command += [*ARGUMENTS, "--captions", str(pictures / "captions.yaml")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("results.csv") == 1  # merged once
    for name in ("results.csv", "gallery.html"):
        assert (tmp_path / name).read_bytes() == (results / name).read_bytes()


def test_what_is_not_available_is_said_and_the_rest_measured(pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("TEXTSKETCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    out = tmp_path / "out"
    arguments = ["--budgets", "300B", "--modes", "text-only", "--renderers", "painter,pics"]
    arguments += ["--baselines", "jpeg,compressai", "--metrics", "psnr,lpips,dists,clip-image,fid,kid"]
    assert main(["evaluate", str(pictures), "--out", str(out), "--workers", "1", *arguments]) == 0
    missing = json.loads((out / "summary.json").read_text())["not_available"]
    assert set(missing) == {"compressai", "pics", "lpips", "dists", "clip-image", "fid", "kid"}
    printed = capsys.readouterr().out
    for reason in missing.values():
        assert reason in printed and reason in (out / "summary.md").read_text()
    assert "at least 50 are needed" in missing["fid"]
    assert {row["codec"] for row in rows_of(out)} == {"textsketch", "jpeg"}


def test_fid_and_kid_of_a_large_set_are_in_the_table(tmp_path, monkeypatch):
    """Fifty pictures, with a tiny network in Inception's place."""
    import numpy as np

    random = np.random.default_rng(0)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(distribution.MIN_PICTURES):
        coarse = Image.fromarray(random.integers(0, 256, (3, 4, 3), np.uint8))
        coarse.resize((272, 264), Image.Resampling.BICUBIC).save(folder / f"{number:02}.png")
    for name in ("fid", "kid"):
        row = dataclasses.replace(METRICS[name], unavailable=lambda pictures: None)
        monkeypatch.setitem(METRICS, name, row)
    monkeypatch.setattr(
        distribution, "inception", lambda batch: batch.mean((1, 2)) + batch[:, ::37, ::41].std((1, 2))
    )
    arguments = [
        "--budgets",
        "200B",
        "--modes",
        "text-only",
        "--baselines",
        "webp",
        "--metrics",
        "psnr,fid,kid",
    ]
    out = tmp_path / "out"
    assert main(["evaluate", str(folder), "--out", str(out), "--workers", "1", *arguments]) == 0
    groups = json.loads((out / "summary.json").read_text())["groups"]
    originals = [distribution.features(read_image(path)) for path in sorted(folder.iterdir())]
    for group in groups:
        rows = [row for row in rows_of(out) if row["codec"] == group["codec"]]
        decodes = []
        for row in rows:
            data = (out / row["file"]).read_bytes()
            image = decode(data).image if row["codec"] == "textsketch" else FORMATS["webp"].load(data)
            decodes.append(distribution.features(image.resize((272, 264), Image.Resampling.LANCZOS)))
        assert group["metrics"]["fid"]["mean"] == pytest.approx(distribution.fid(originals, decodes))
        assert group["metrics"]["kid"]["mean"] == pytest.approx(distribution.kid(originals, decodes))
    assert "FID ↓" in (out / "summary.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--modes", "text-only,oil"], "unknown mode 'oil'"),
        (["--baselines", "gif"], "unknown baseline 'gif'"),
        (["--metrics", "beauty"], "unknown metric 'beauty'"),
        (["--renderers", "turner"], "unknown renderer 'turner'"),
        (["--budgets", "much"], "cannot understand the budget"),
        (["--budgets", ""], "nothing to evaluate"),
        (["--workers", "0"], "--workers"),
        (["--seed", "-1"], "seed"),
        (["--effort", "0"], "effort must be a whole number from 1 to 3, not 0"),
        (["--captions", "{pictures}/torn.png"], "captions"),
        (["--captions", "{pictures}/missing.yaml"], "missing.yaml"),
        (["--captions", str(ROOT / "benchmarks/kodak_captions.yaml")], "no caption for any of the pictures"),
    ],
)
def test_wrong_arguments_give_one_sentence(pictures, tmp_path, capsys, arguments, words):
    arguments = [text.format(pictures=pictures) for text in arguments]
    assert main(["evaluate", str(pictures), "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not (tmp_path / "out" / "results.csv").exists()


def test_a_folder_without_pictures_is_an_error(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no pictures" in capsys.readouterr().err


def test_the_table_can_be_cut_to_some_metrics(results):
    from textsketch.measure.evaluation.cells import Cell
    from textsketch.measure.evaluation.summary import Group, Summary

    group = Group(Cell("jpeg", "", "", "300B"), 2, 2, [299, 281], [0.0061, 0.0057], {"psnr": [20.0, 22.0]})
    table = to_table(Summary([group], ("psnr", "ssim"), "", {}, {}, []), ["psnr"])
    assert table.splitlines()[-1] == "| 300B | JPEG | 290 | 0.0059 | 21.00 ± 1.00 |"

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT
from PIL import Image

from textsketch import bitstream
from textsketch.cli import main
from textsketch.image.formats import LISTED
from textsketch.layers import Layers, Semantic, Skeletons


@pytest.fixture
def tsk(photo_path, tmp_path, capsys):
    path = tmp_path / "coffee.tsk"
    assert (
        main(["encode", str(photo_path), str(path), "--budget", "500B", "--caption", "a cup of coffee"]) == 0
    )
    capsys.readouterr()
    return path


def run_json(capsys, *arguments) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_encode_writes_a_file_within_the_budget_and_says_so(photo_path, tmp_path, capsys):
    out = tmp_path / "out.tsk"
    assert main(["encode", str(photo_path), str(out), "--mode", "text+sketch", "--budget", "300B"]) == 0
    printed = capsys.readouterr()
    assert out.stat().st_size <= 300 and f"{out.stat().st_size} bytes" in printed.out and printed.err == ""
    assert bitstream.unpack(out.read_bytes()).mode == "text+sketch"


def test_encode_and_compare_say_what_of_the_source_is_left_out(photo, tmp_path, capsys):
    frames = [photo.convert("RGBA"), Image.new("RGBA", photo.size, (255, 0, 0, 128))]
    frames[0].putpixel((0, 0), (0, 0, 0, 0))
    path = tmp_path / "moving.png"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    notes = ["first of 2 frames", "transparent, flattened on white"]
    assert run_json(capsys, "encode", path, "--budget", "60B")["notes"] == notes
    assert main(["encode", str(path), "--budget", "60B"]) == 0
    assert "first of 2 frames; transparent, flattened on white" in capsys.readouterr().out
    record = run_json(capsys, "compare", path, "--out", tmp_path / "out", "--budget", "60B")
    assert record["notes"] == json.loads((tmp_path / "out" / "report.json").read_text())["notes"] == notes


def test_every_command_that_reads_a_picture_lists_the_formats_and_so_do_the_docs(capsys):
    for command in ("encode", "caption", "compare"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert LISTED in " ".join(capsys.readouterr().out.split())
    for name in ("README.md", "docs/pictures.md"):
        assert LISTED in (ROOT / name).read_text(encoding="utf-8")


def test_the_default_output_stands_beside_the_input(photo, tmp_path, capsys):
    photo.save(tmp_path / "cup.png")
    record = run_json(capsys, "encode", tmp_path / "cup.png", "--budget", "sms")
    assert record["file"] == str(tmp_path / "cup.tsk") and record["size_bytes"] <= 140
    assert sum(record["layer_bytes"].values()) == record["size_bytes"]
    out = tmp_path / "again.png"
    assert run_json(capsys, "decode", tmp_path / "cup.tsk", out)["file"] == str(out)
    assert Image.open(out).size == photo.size


def test_decode_with_fewer_layers(tsk, tmp_path, capsys):
    full = run_json(capsys, "decode", tsk, tmp_path / "full.png")
    less = run_json(capsys, "decode", tsk, tmp_path / "less.png", "--layers", "text-only")
    assert (full["mode"], less["mode"]) == ("three-layer", "text-only")
    assert (tmp_path / "full.png").read_bytes() != (tmp_path / "less.png").read_bytes()


def test_grain_can_be_left_out(tsk, tmp_path, capsys):
    for name, option in (("with.png", "--grain"), ("without.png", "--no-grain")):
        run_json(capsys, "decode", tsk, tmp_path / name, option)
    assert Image.open(tmp_path / "with.png").size == Image.open(tmp_path / "without.png").size


def test_a_picture_that_a_network_sharpened_says_so(tsk, tmp_path, capsys):
    said = "Sharpened by a network; the plain painting shows what was sent."
    pictures = {}
    for option, invented in (("--brush", said), ("--no-brush", None)):
        out = tmp_path / f"{option}.png"
        assert run_json(capsys, "decode", tsk, out, option)["invented"] == invented
        assert main(["decode", str(tsk), str(out), option]) == 0
        assert (said in capsys.readouterr().out) == (invented is not None)
        pictures[option] = out.read_bytes()
    assert pictures["--brush"] != pictures["--no-brush"]
    assert main(["decode", str(tsk), str(out), "--layers", "text-only"]) == 0
    assert said not in capsys.readouterr().out


def test_info_shows_header_layers_and_caption(tsk, capsys):
    record = run_json(capsys, "info", tsk)
    assert record["caption"] == "a cup of coffee" and record["mode"] == record["written_as"] == "three-layer"
    assert (record["width"], record["height"]) == (240, 160)
    assert sum(record["layer_bytes"].values()) == record["size_bytes"] == tsk.stat().st_size
    assert main(["info", str(tsk)]) == 0
    printed = capsys.readouterr().out
    assert "240 x 160" in printed and "a cup of coffee" in printed and "structure" in printed


def test_info_of_a_cut_file_says_what_it_was_cut_from(tsk, tmp_path, capsys):
    cut = tmp_path / "cut.tsk"
    cut.write_bytes(bitstream.cut(tsk.read_bytes(), bitstream._MODES[0]))
    assert main(["info", str(cut)]) == 0
    assert "text-only (cut from three-layer)" in capsys.readouterr().out


def test_compare_fills_a_folder(photo_path, tmp_path, capsys):
    out = tmp_path / "folder"
    record = run_json(
        capsys, "compare", photo_path, "--out", out, "--budget", "700B", "--caption", "coffee",
        "--baselines", "jpeg,webp,avif,jpeg2000",
    )  # fmt: skip
    names = {path.name for path in out.iterdir()}
    assert names == {
        "picture.tsk", "original.png", "decoded.png", "plain.png", "caption.txt", "sketch.png", "colour_map.png",
        "jpeg.jpg", "webp.webp", "avif.avif", "jpeg2000.j2k", "report.json", "side_by_side.png",
    }  # fmt: skip
    assert json.loads((out / "report.json").read_text()) == record
    assert record["size_bytes"] == (out / "picture.tsk").stat().st_size <= 700
    for baseline in record["baselines"]:
        assert baseline["size_bytes"] <= record["size_bytes"] or not baseline["fits"]
    assert record["quality"]["psnr"] > 15
    assert ("clip-image" in record["quality"]) != ("clip-image" in record["not_available"])
    sheet = Image.open(out / "side_by_side.png")
    assert sheet.width > 4 * sheet.height


@pytest.mark.parametrize(
    "arguments",
    [
        ["encode", "no-such-file.png"],
        ["encode", __file__],
        ["encode", "PHOTO", "--budget", "much"],
        ["encode", "PHOTO", "--budget", "5B"],
        ["encode", "PHOTO", "/no/such/folder/out.tsk"],
        ["encode", "PHOTO", "--seed", "-1"],
        ["decode", "no-such-file.tsk"],
        ["decode", __file__],
        ["decode", "TSK", "out.nonsense"],
        ["info", __file__],
        ["compare", "PHOTO", "--out", __file__],
        ["compare", "PHOTO", "--out", "OUT", "--baselines", "gif"],
        ["encode", ""],
        ["decode", "/"],
        ["decode", "TSK", "out.psd"],
        ["decode", "TSK", "TSK"],
        ["weights", "fetch"],
        ["weights", "fetch", "no-such-weights"],
        ["weights", "verify", "no-such-weights"],
    ],
)
def test_bad_input_gives_one_line_and_exit_code_2(arguments, photo_path, tsk, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"PHOTO": str(photo_path), "TSK": str(tsk), "OUT": str(tmp_path / "out")}
    assert main([names.get(argument, argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert (
        printed.out == "" and printed.err.startswith("textsketch: error: ") and printed.err.count("\n") == 1
    )


@pytest.mark.parametrize(
    "arguments", [[], ["paint"], ["encode"], ["encode", "a", "--mode", "sketch"], ["info"]]
)
def test_a_wrong_command_line_gives_one_line_and_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    printed = capsys.readouterr()
    assert caught.value.code == 2 and printed.err.count("\n") == 1 and "--help" in printed.err


def test_weights_list_names_every_entry(capsys):
    record = run_json(capsys, "weights", "list")
    assert {"sd15", "clip-vit-b-32"} <= {entry["name"] for entry in record["weights"]}


def test_the_module_runs_as_a_program(photo_path, tmp_path):
    out = tmp_path / "a.tsk"
    command = [sys.executable, "-m", "textsketch", "encode", str(photo_path), str(out), "--budget", "200B"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and out.stat().st_size <= 200


def test_a_caption_is_written_by_the_source_asked_for(photo_path, capsys, monkeypatch):
    from textsketch.semantic.captions import table

    asked = {}

    def write(picture, name, *, progress, **options):
        asked.update(options=options, name=name, size=picture.size)
        return "a cup of coffee"

    monkeypatch.setattr(table, "write", write)
    record = run_json(capsys, "caption", photo_path, "--source", "prompt-inversion", "--tokens", "8")
    assert record["caption"] == "a cup of coffee" and record["characters"] == 15 > record["size_bytes"]
    assert asked == {
        "options": {"most_bytes": None, "tokens": 8},
        "name": "prompt-inversion",
        "size": (240, 160),
    }


def test_a_captioner_without_weights_says_what_helps(photo_path, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert main(["caption", str(photo_path)]) == 2
    message = capsys.readouterr().err
    assert "weights fetch florence2" in message or "pip install -r" in message


def test_info_tells_the_structure_the_candidate_and_the_colours_in_words(tmp_path, capsys):
    layers = Layers((512, 768), Semantic("a person"), Skeletons((((100, 100),) * 18,)), seed=3, candidate=2)
    path = tmp_path / "pose.tsk"
    path.write_bytes(bitstream.pack(layers))
    record = run_json(capsys, "info", path)
    assert (record["structure"], record["seed"], record["candidate"]) == ("skeletons", 3, 2)
    assert main(["info", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "skeletons" in printed and "candidate 2" in printed


def test_info_says_the_descriptors_in_words(photo_path, tmp_path, capsys):
    out = tmp_path / "text.tsk"
    assert main(["encode", str(photo_path), str(out), "--mode", "text-only", "--budget", "40B"]) == 0
    capsys.readouterr()
    record = run_json(capsys, "info", out)
    assert "brown" in record["colours"] or "grey" in record["colours"] or "black" in record["colours"]


def test_the_painter_takes_no_strength(tsk, capsys):
    assert main(["decode", str(tsk), "--strength", "0.5"]) == 2
    assert "the option strength" in capsys.readouterr().err


def program(*arguments, **how):
    """The command line as a process; what it printed, and how it ended."""
    command = [sys.executable, "-m", "textsketch", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | how.pop("environment", {})
    return subprocess.run(command, capture_output=True, env=environment, timeout=120, **how)


def test_a_name_that_a_terminal_would_obey_is_printed_as_escapes(photo_path, tmp_path):
    for name in (b"a\x1b[31mb.jpg", b"\xff\xfe.jpg"):
        path = os.path.join(os.fsencode(tmp_path), name)
        with open(path, "wb") as file:
            file.write(photo_path.read_bytes())
        strict = {"PYTHONIOENCODING": "utf-8:strict"}
        asked = ["encode", os.fsdecode(path), "--mode", "text-only", "--budget", "200B"]
        said = program(*asked, environment=strict)
        assert said.returncode == 0 and said.stderr == b"" and b"\x1b" not in said.stdout
        assert os.path.exists(path.replace(b".jpg", b".tsk"))
        assert json.loads(program(*asked, "--json", environment=strict).stdout)["file"].endswith(".tsk")
        wrong = program("info", os.fsdecode(path) + "x", environment=strict)
        assert wrong.returncode == 2 and wrong.stderr.count(b"\n") == 1 and b"\x1b" not in wrong.stderr


def test_closed_streams_are_nobody_s_error(tsk):
    for closed in (1, 2):
        ended = program("info", tsk, preexec_fn=lambda closed=closed: os.close(closed))
        assert ended.returncode == 0 and ended.stderr == b""
    ended = program("info", "missing.tsk", preexec_fn=lambda: os.close(2))
    assert ended.returncode == 2 and ended.stdout == b""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (["--port", "99999999"], "no port 99999999"),
        (["--port", "-1"], "no port -1"),
        (["--host", "192.0.2.1"], "cannot listen at 192.0.2.1"),
        (["--host", "\udcff"], "cannot listen at "),
    ],
)
def test_an_address_nobody_can_listen_at_is_one_line(address, said, capsys):
    assert main(["app", *address]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1

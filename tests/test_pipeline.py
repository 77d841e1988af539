import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import textsketch as ts
from textsketch.errors import BitstreamError, BudgetError, ImageError, TextsketchError
from textsketch.measure.metrics.pixels import psnr_db


def test_a_picture_becomes_bytes_and_comes_back(photo, photo_path):
    encoded = ts.encode(photo_path, mode="three-layer", budget="600B", caption="a cup of coffee")
    assert encoded.size_bytes == len(encoded.data) <= 600
    assert encoded.rate_bpp == pytest.approx(8 * encoded.size_bytes / (240 * 160))
    decoded = ts.decode(encoded.data)
    assert decoded.mode == "three-layer" and decoded.image.size == photo.size
    assert decoded.layers.semantic.caption == "a cup of coffee"
    assert decoded.image.tobytes() == encoded.decoded.tobytes()
    assert psnr_db(photo, decoded.image) > 18


def test_path_image_array_and_bytes_give_the_same_file(photo, photo_path):
    sources = [str(photo_path), photo_path, photo, np.asarray(photo), photo_path.read_bytes()]
    assert len({ts.encode(source, budget=200).data for source in sources}) == 1


@pytest.mark.parametrize("mode", ["text-only", "text+sketch", "three-layer"])
@pytest.mark.parametrize("budget", [60, 140, 300, 1200])
def test_a_budget_is_never_exceeded(photo, mode, budget):
    encoded = ts.encode(photo, mode=mode, budget=budget, caption="a cup of coffee")
    assert encoded.size_bytes <= budget
    assert encoded.layers.mode == mode


@pytest.mark.parametrize("budget", [100, 300, 600])
def test_a_three_layer_budget_is_spent(photo, budget):
    assert ts.encode(photo, budget=budget, caption="a cup of coffee").size_bytes >= 0.9 * budget


def test_more_bytes_give_a_nearer_picture(photo):
    quality = [
        psnr_db(photo, ts.decode(ts.encode(photo, budget=b).data, grain=False).image) for b in (60, 200, 900)
    ]
    assert quality == sorted(quality)


def test_a_budget_no_file_can_meet_names_the_smallest_possible(photo):
    with pytest.raises(BudgetError, match=r"(\d+) bytes") as caught:
        ts.encode(photo, mode="three-layer", budget=6, caption="a cup of coffee on a wooden table")
    import re

    smallest = int(re.search(r"(\d+) bytes", str(caught.value))[1])
    assert (
        ts.encode(
            photo, mode="three-layer", budget=smallest, caption="a cup of coffee on a wooden table"
        ).size_bytes
        <= smallest
    )
    with pytest.raises(BudgetError):
        ts.encode(photo, mode="three-layer", budget=smallest - 1, caption="a cup of coffee on a wooden table")


def test_decoding_with_fewer_layers_paints_the_lower_mode(photo):
    encoded = ts.encode(photo, budget=400, caption="coffee")
    pictures = {mode: ts.decode(encoded.data, mode=mode).image.tobytes() for mode in ts.Mode}
    assert len(set(pictures.values())) == 3
    with pytest.raises(BitstreamError, match="no layers"):
        ts.decode(ts.encode(photo, mode="text-only", budget=40).data, mode="three-layer")


def test_noise_at_the_largest_budget_still_fits():
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 256, (77, 333, 3), dtype=np.uint8))
    encoded = ts.encode(noise, budget=8192, caption="a Ω")
    assert encoded.size_bytes <= 8192 and ts.decode(encoded.data).image.size == (333, 77)


def test_numpy_numbers_are_numbers(photo):
    plain = ts.encode(photo, budget=200, seed=3).data
    assert ts.encode(photo, budget=np.int64(200), seed=np.uint32(3)).data == plain


def test_a_seed_changes_the_grain_only(photo):
    first, second = (ts.encode(photo, budget=1200, seed=seed) for seed in (1, 2))
    assert first.decoded.tobytes() != second.decoded.tobytes()
    assert ts.decode(first.data).image.tobytes() == ts.decode(first.data).image.tobytes()
    plain = [ts.decode(encoded.data, grain=False).image.tobytes() for encoded in (first, second)]
    assert plain[0] == plain[1]


def test_a_decode_tells_what_was_not_sent(photo):
    data = ts.encode(photo, budget=300).data
    assert "network" in ts.decode(data).invented
    assert ts.decode(data, brush=False).invented is None
    assert "lines" in ts.decode(data, mode="text+sketch").invented
    assert ts.decode(data, mode="text+sketch", brush=False).invented is None
    assert ts.decode(data, mode="text-only").invented is None


def test_the_same_input_gives_the_same_bytes_in_another_process(photo, photo_path):
    program = (
        "import sys, textsketch as ts;"
        "sys.stdout.buffer.write(ts.encode(sys.argv[1], budget=300, caption='coffee').data)"
    )
    command = [sys.executable, "-c", program, str(photo_path)]
    outputs = {
        subprocess.run(
            command, capture_output=True, check=True, env={**__import__("os").environ, **extra}
        ).stdout
        for extra in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "1"})
    }
    assert outputs == {ts.encode(photo, budget=300, caption="coffee").data}


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (16, 16), (17, 5), (300, 3), (2, 2)])
@pytest.mark.parametrize("mode", list(ts.Mode))
def test_odd_sizes_make_the_whole_road(size, mode):
    picture = Image.effect_noise(size, 80).convert("RGB")
    encoded = ts.encode(picture, mode=mode, budget=200)
    assert ts.decode(encoded.data).image.size == size


@pytest.mark.parametrize("colour", ["black", "white", (12, 180, 90)])
def test_flat_colour_stays_flat_and_true(colour):
    picture = Image.new("RGB", (96, 64), colour)
    image = np.asarray(ts.decode(ts.encode(picture, budget=120).data).image, int)
    assert np.abs(image - np.asarray(picture, int)).max() <= 6


def test_a_file_made_for_stable_diffusion_fits_the_budget_and_is_painted_by_the_painter(photo):
    made_for = {
        name: ts.encode(photo, budget=400, caption="coffee", renderer=name) for name in ("painter", "pics")
    }
    assert made_for["pics"].data != made_for["painter"].data and made_for["pics"].size_bytes <= 400
    strokes = {name: encoded.layers.structure.strokes.sum() for name, encoded in made_for.items()}
    assert strokes["pics"] > strokes["painter"]
    assert psnr_db(photo, ts.decode(made_for["pics"].data).image) > 14
    with pytest.raises(ts.WeightsError):  # its own renderer paints it, and no other under its name
        _ = made_for["pics"].decoded
    with pytest.raises(TextsketchError, match="unknown renderer"):
        ts.encode(photo, renderer="crayon")


def test_progress_rises_and_an_exception_from_it_stops_the_work(photo):
    seen = []
    ts.encode(photo, budget=300, progress=lambda fraction, message: seen.append((fraction, message)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] <= 1
    assert all(isinstance(message, str) and message for _, message in seen)

    def stop(fraction, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ts.encode(photo, budget=300, progress=stop)


def test_bad_arguments_give_one_clear_error(photo):
    with pytest.raises(TextsketchError, match="unknown mode 'sketch'"):
        ts.encode(photo, mode="sketch")
    for seed in (-1, 2**32, 1.5, None):
        with pytest.raises(TextsketchError, match="seed"):
            ts.encode(photo, seed=seed)
    with pytest.raises(TextsketchError, match="caption"):
        ts.encode(photo, caption=None)
    with pytest.raises(ImageError):
        ts.encode("no-such-file.png")
    with pytest.raises(BitstreamError, match="cannot read"):
        ts.decode("no-such-file.tsk")
    with pytest.raises(TextsketchError, match="4,?096"):
        ts.encode(photo, caption="x" * 5000, budget=8_000)


def test_importing_costs_neither_torch_nor_gradio():
    program = (
        "import sys, textsketch, textsketch.cli; "
        "print([m for m in ('torch', 'gradio', 'diffusers', 'cv2', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def test_the_whole_road_never_imports_torch(photo_path):
    program = (
        "import sys, textsketch as ts; e = ts.encode(sys.argv[1], budget=300); ts.decode(e.data); import app; "
        "from textsketch.web import demo, edits, jobs, results, sweeps, workers, workspace; "
        "w, p = workspace.Workspace(app.EXAMPLES), workers.Pool(); "
        "demo.build(w, jobs.Jobs(1), results.Results(w.results, p), sweeps.Sweeps(w.results, p), "
        "edits.Edits(w.results, p)); "
        "print([m for m in ('torch', 'diffusers', 'transformers', 'open_clip') if m in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(photo_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert found.strip() == "[]"


@pytest.mark.parametrize("choice", [{"structure": "skeletons"}, {"detector": "teed"}, {"candidates": 4}])
def test_choices_for_stable_diffusion_are_refused_for_the_painter(photo, choice):
    with pytest.raises(TextsketchError, match="an option of fast, pics"):
        ts.encode(photo, budget=300, **choice)


def test_an_unknown_structure_or_detector_is_named(photo):
    with pytest.raises(TextsketchError, match="strokes, skeletons, soft-edges"):
        ts.encode(photo, budget=300, renderer="pics", structure="cubes")
    with pytest.raises(TextsketchError, match="edges, hed"):
        ts.encode(photo, budget=300, renderer="pics", detector="nose")


def test_soft_edges_are_painted_by_the_painter_too(photo):
    encoded = ts.encode(photo, mode="text+sketch", budget=500, renderer="pics", structure="soft-edges")
    drawn = np.asarray(ts.decode(encoded.data).image, float)
    plain = np.asarray(ts.decode(encoded.data, mode="text-only").image, float)
    assert drawn.shape == plain.shape and np.abs(drawn - plain).mean() > 5


@pytest.mark.parametrize(
    "size",
    [(0, 0), (-1, 5), (3.5, 2), "64", (64,), (1, 2, 3), (10**6, 10**6), (16_385, 1), 7, np.zeros((2, 2))],
)
def test_a_size_that_is_none_is_one_sentence(photo, size):
    data = ts.encode(photo.resize((24, 16)), budget=60).data
    for call in (lambda: ts.decode(data, size=size), lambda: ts.paint(ts.unpack(data), size=size)):
        with pytest.raises(ts.TextsketchError, match="a size must be"):
            call()
    assert ts.decode(data, size=(np.int64(30), 20)).image.size == (30, 20)


def test_only_layers_are_painted():
    for wrong in (None, b"data", "fig.tsk", 7):
        with pytest.raises(ts.TextsketchError, match="paint takes layers, as unpack gives them"):
            ts.paint(wrong)

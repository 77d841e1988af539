"""Every edit: layers in, layers of the same size, seed and kind out, which the format holds."""

import numpy as np
import pytest
from PIL import Image
from small_files import PEOPLE, same

import textsketch as ts
from textsketch import edit
from textsketch.bitstream import pack, unpack
from textsketch.edit.masks import grown, read_mask
from textsketch.errors import BudgetError, CaptionError, ImageError, OptionError, TextsketchError
from textsketch.layers import Layers, Semantic, SoftEdges
from textsketch.structure import ntc

SIZE = (120, 80)
MASK = np.zeros((80, 120), bool)
MASK[20:60, 40:90] = True
LINE = np.zeros((80, 120), bool)
LINE[40, 10:110] = True

EDITS = {
    "draw": lambda layers, mask: edit.draw(layers, mask),
    "draw in a colour": lambda layers, mask: edit.draw(layers, mask, "#ffffff"),
    "rub out": lambda layers, mask: edit.rub_out(layers, mask),
    "move": lambda layers, mask: edit.move(layers, mask, (12, -9)),
    "move lines alone": lambda layers, mask: edit.move(layers, mask, (12, -9), colours=False),
    "redraw": lambda layers, mask: edit.redraw(layers, mask),
    "recolour": lambda layers, mask: edit.recolour(layers, mask, "#2050c0"),
    "shift": lambda layers, mask: edit.shift(layers, mask, 90, 10, -20),
    "exchange the palette": lambda layers, mask: edit.exchange(layers, picture(1), mask),
    "exchange the map": lambda layers, mask: edit.exchange(layers, picture(1), mask, "map"),
    "repaint": lambda layers, mask: edit.repaint(layers, mask, np.full((2, 3, 3), 200, np.uint8)),
    "erase": lambda layers, mask: edit.erase(layers, mask),
    "rewrite": lambda layers, mask: edit.rewrite(layers, "two discs"),
}
LINES = {"draw", "draw in a colour", "redraw"}


def picture(turn=0):
    """A disc on a slope of colour, with rough ground below."""
    down, across = np.mgrid[: SIZE[1], : SIZE[0]]
    pixels = np.stack([across * 2, down * 3, np.full_like(down, 90)], -1)
    pixels += np.random.default_rng(3).integers(-9, 9, pixels.shape) * (down > 50)[..., None]
    pixels[np.hypot(across - 64, down - 40) < 16] = (230, 210, 40)
    return Image.fromarray(np.roll(np.clip(pixels, 0, 255), turn, -1).astype(np.uint8))


@pytest.fixture(scope="module")
def encoded() -> dict[str, Layers]:
    """Layers of each mode and kind."""
    found = {
        mode: unpack(ts.encode(picture(), mode=mode, budget=500, caption="a disc", seed=7, effort=1).data)
        for mode in ("text-only", "text+sketch", "three-layer")
    }
    whole = found["three-layer"]
    found["skeletons"] = Layers(SIZE, whole.semantic, PEOPLE, whole.texture, 7)
    found["soft edges"] = Layers(SIZE, whole.semantic, soft_edges(), whole.texture, 7)
    return found


def soft_edges() -> SoftEdges:
    drawn = np.zeros((80, 120), np.float32)
    drawn[38:42, 20:100] = 1
    return ntc.encode(drawn, SIZE, 2)


def outside(first: Layers, second: Layers, area: np.ndarray) -> float:
    """How far two paintings differ where `area` is not."""
    one, other = (
        np.asarray(ts.paint(layers, brush=False, grain=False), np.float32) for layers in (first, second)
    )
    return float(np.abs(one - other)[~area].mean())


def near(mask: np.ndarray, reach=10) -> np.ndarray:
    return grown(mask, reach)


@pytest.mark.parametrize("kind", ["text-only", "text+sketch", "three-layer", "skeletons", "soft edges"])
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_keeps_size_seed_and_kind_and_the_format_holds_it(encoded, kind, name):
    layers = encoded[kind]
    if kind == "skeletons" and name in LINES:
        with pytest.raises(TextsketchError, match="move a joint instead"):
            EDITS[name](layers, MASK)
        return
    edited = EDITS[name](layers, MASK)
    assert (edited.size, edited.seed, edited.candidate) == (layers.size, layers.seed, layers.candidate)
    if layers.structure is not None:
        assert type(edited.structure) is type(layers.structure) and edited.mode == layers.mode
    assert same(unpack(pack(edited)), edited)
    if kind == "three-layer":
        assert not same(edited, layers)


@pytest.mark.parametrize("kind", ["text-only", "text+sketch", "three-layer", "skeletons", "soft edges"])
def test_fit_keeps_to_any_budget_there_is_a_file_for(encoded, kind):
    busy = edit.repaint(encoded[kind], None, np.random.default_rng(1).integers(0, 255, (30, 45, 3), np.uint8))
    sizes = []
    for budget in (len(pack(busy)), 300, 150, 80, 60):
        try:
            fitted = edit.fit(busy, budget)
        except BudgetError as error:
            assert "the smallest" in str(error)
            continue
        sizes.append(len(pack(fitted)))
        assert sizes[-1] <= budget
        assert (fitted.size, fitted.seed, fitted.mode) == (busy.size, busy.seed, busy.mode)
        assert fitted.semantic.caption == busy.semantic.caption
        assert same(unpack(pack(fitted)), fitted)
    assert len(sizes) >= 2


def test_fit_uses_the_bytes_and_leaves_alone_what_fits(encoded):
    layers = encoded["three-layer"]
    assert edit.fit(layers, 500) is layers
    busy = edit.repaint(layers, None, np.random.default_rng(1).integers(0, 255, (30, 45, 3), np.uint8))
    assert len(pack(busy)) > 400
    assert 360 <= len(pack(edit.fit(busy, 400))) <= 400


@pytest.mark.parametrize("name", sorted(set(EDITS) - {"rewrite", "redraw"}))
def test_an_empty_mask_changes_nothing(encoded, name):
    layers = encoded["three-layer"]
    for nothing in (np.zeros((3, 5), bool), Image.new("L", SIZE), Image.new("RGBA", (64, 64))):
        assert same(EDITS[name](layers, nothing), layers), name


@pytest.mark.parametrize("name", EDITS)
def test_a_mask_of_everything_gives_a_file(encoded, name):
    edited = EDITS[name](encoded["three-layer"], np.ones((7, 9), bool))
    assert same(unpack(pack(edited)), edited)


@pytest.mark.parametrize("name", sorted(set(EDITS) - {"rewrite"} - LINES))
def test_a_mask_of_another_size_or_form_is_fitted(encoded, name, tmp_path):
    layers = encoded["three-layer"]
    wanted = EDITS[name](layers, MASK)
    twice = np.kron(MASK, np.ones((2, 2), bool))
    image = Image.fromarray(np.uint8(255) * twice)
    brush = Image.new("RGBA", image.size, (0, 0, 0, 0))
    brush.paste((0, 0, 0, 255), mask=image)
    image.save(tmp_path / "mask.png")
    brush.save(tmp_path / "brush.png")
    for form in (twice, image, brush, np.asarray(brush), tmp_path / "mask.png", str(tmp_path / "brush.png")):
        assert same(EDITS[name](layers, form), wanted)


def test_what_is_no_mask_is_said():
    layers = Layers(SIZE, Semantic("x"))
    for wrong in (np.zeros((2, 2, 7), np.uint8), np.zeros((0, 4), bool), b"no picture", "nowhere.png", 5):
        with pytest.raises(ImageError):
            edit.erase(layers, wrong)


@pytest.mark.parametrize("name", ["erase", "recolour", "repaint", "shift", "exchange the palette", "move"])
def test_what_is_far_from_the_mask_stays(encoded, name):
    layers = encoded["three-layer"]
    corner = np.zeros_like(MASK)
    corner[10:30, 10:30] = True
    assert outside(EDITS[name](layers, corner), layers, near(corner, 30)) < 2


def test_recolouring_changes_hue_and_keeps_light_and_shade(encoded):
    layers = encoded["three-layer"]
    before, after = (
        np.asarray(ts.paint(one, brush=False, grain=False), np.float32)
        for one in (layers, edit.recolour(layers, MASK, "blue"))
    )
    inner = ~near(~MASK, 4)
    luma = before @ (0.299, 0.587, 0.114), after @ (0.299, 0.587, 0.114)
    assert np.abs(luma[0] - luma[1])[inner].mean() < 6
    assert (after[..., 2] > after[..., 0] + 20)[inner].mean() > 0.9


@pytest.mark.parametrize(("hue", "channels"), [(120, (1, 0)), (-120, (2, 0)), (240, (2, 1))])
def test_hue_turns_from_red_by_way_of_green_to_blue(hue, channels):
    red = ts.encode(Image.new("RGB", SIZE, (150, 40, 40)), budget=300, effort=1).layers
    mean = np.asarray(ts.paint(edit.shift(red, None, hue=hue))).mean((0, 1))
    assert mean[channels[0]] > mean[channels[1]] + 40


def test_shifting_to_grey_and_to_white(encoded):
    layers = encoded["three-layer"]
    grey = np.asarray(ts.paint(edit.shift(layers, None, chroma=-100), grain=False), np.float32)
    assert np.ptp(grey, axis=-1).mean() < 4
    assert np.asarray(ts.paint(edit.shift(layers, None, lightness=100))).mean() > 240


def test_exchange_takes_a_palette_or_a_map(encoded):
    layers = encoded["three-layer"]
    night = Image.fromarray(np.asarray(picture()) // 4)
    for other in (night, ts.encode(night, budget=500, effort=1).layers):
        for way in ("palette", "map"):
            painted = np.asarray(ts.paint(edit.exchange(layers, other, way=way)), np.float32)
            assert abs(painted.mean() - np.asarray(night).mean()) < 8
    with pytest.raises(OptionError, match="palette or map"):
        edit.exchange(layers, night, way="mood")


def test_rubbed_out_lines_are_gone_and_the_others_are_not(encoded):
    before = encoded["text+sketch"]
    after = edit.rub_out(before, MASK)
    inside = read_mask(MASK).inside(before.strokes.shape)
    assert before.strokes[inside].any() and not after.strokes[inside].any()
    assert np.array_equal(before.strokes & ~inside, after.strokes)


def test_a_drawn_line_is_in_the_sketch_one_cell_wide(encoded):
    blank = edit.rub_out(encoded["three-layer"], None)
    thick = np.asarray(Image.fromarray(near(LINE, 2)))
    drawn = edit.draw(blank, thick).strokes
    rows, columns = np.nonzero(drawn)
    assert np.ptp(rows) <= 1 and len(np.unique(columns)) == len(columns) > 90


def test_dark_lines_on_paper_and_light_lines_on_dark_are_the_same_drawing(encoded):
    layers = encoded["text+sketch"]
    paper = np.linspace(250, 170, 120)[None] * np.ones((80, 1))
    paper[near(LINE, 1)] = 40
    dark = edit.redraw(layers, paper.astype(np.uint8))
    light = edit.redraw(layers, (255 - paper).astype(np.uint8))
    assert same(dark, light) and 80 < dark.strokes.sum() < 130
    assert not edit.redraw(layers, Image.new("RGB", (40, 30), "white")).strokes.any()


def test_a_sketch_can_be_drawn_into_a_file_without_one(encoded):
    drawn = edit.draw(encoded["text-only"], LINE)
    assert str(drawn.mode) == "text+sketch" and drawn.strokes.any()


def test_moving_carries_lines_and_colours(encoded):
    layers = encoded["three-layer"]
    disc = np.hypot(*(np.mgrid[:80, :120] - np.array([40, 64])[:, None, None])) < 20
    moved = edit.move(layers, disc, (-35, 0))
    before, after = (
        np.asarray(ts.paint(one, brush=False, grain=False), np.float32) for one in (layers, moved)
    )
    assert np.abs(after[40, 29] - before[40, 64]).max() < 25
    assert np.abs(after[40, 64] - before[40, 64]).max() > 60
    assert same(edit.move(layers, disc, (5000, 0)), edit.erase(layers, disc))


def test_joints_move_come_and_go():
    layers = Layers((512, 512), Semantic("two people"), PEOPLE)
    moved = edit.move_joint(layers, 1, "nose", (300.5, 20))
    assert moved.structure.people[1][0] == (300, 20) and moved.structure.people[0] == PEOPLE.people[0]
    assert edit.move_joint(moved, 1, 0, None).structure.people[1][0] is None
    for person, joint, to in ((2, "nose", (0, 0)), (0, "tail", (0, 0)), (0, 0, (600, 0)), (0, 0, "x")):
        with pytest.raises(TextsketchError):
            edit.move_joint(layers, person, joint, to)
    with pytest.raises(TextsketchError, match="no skeletons"):
        edit.move_joint(Layers(SIZE, Semantic()), 0, 0, (1, 1))


def test_whoever_mostly_lies_in_the_mask_is_erased_and_the_other_stays():
    layers = Layers((512, 512), Semantic("two people"), PEOPLE)
    right = np.zeros((16, 32), bool)
    right[:, 24:] = True
    (left,) = edit.erase(layers, right).structure.people
    assert left == (*PEOPLE.people[0][:14], None, None, None, None)
    joints = edit.move(layers, right, (-64, 16)).structure.people[1]
    assert joints[1] == (336, 24)


def test_colours_that_are_not_there_cannot_be_changed():
    bare = Layers(SIZE, Semantic("x"))
    for change in (lambda: edit.recolour(bare, MASK, "red"), lambda: edit.shift(bare, None, 10)):
        with pytest.raises(TextsketchError, match="no colours"):
            change()
    assert edit.erase(bare, MASK) == bare


def test_wrong_values_are_said(encoded):
    layers = encoded["three-layer"]
    for colour in ("reddish", "#12", (1, 2), (300, 0, 0), 7):
        with pytest.raises(OptionError, match="is no colour"):
            edit.recolour(layers, MASK, colour)
    for values in ((400, 0, 0), (0, 101, 0), (0, 0, float("nan")), ("a", 0, 0)):
        with pytest.raises(OptionError, match="must be a number"):
            edit.shift(layers, MASK, *values)
    for by in ((1,), "left", (float("inf"), 0), None):
        with pytest.raises(TextsketchError, match="two numbers"):
            edit.move(layers, MASK, by)
    for caption in ("x" * 5000, 5, "\ud800"):
        with pytest.raises(CaptionError):
            edit.rewrite(layers, caption)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 900), (17, 5)])
def test_odd_sizes_are_edited(size):
    layers = ts.encode(Image.new("RGB", size, (200, 90, 30)), budget=200, effort=1).layers
    for name, change in EDITS.items():
        edited = change(layers, np.ones((2, 3), bool))
        assert same(unpack(pack(edited)), edited), name

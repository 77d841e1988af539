import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps

from textsketch import bitstream
from textsketch.options import Options
from textsketch.render import registry
from textsketch.render.painter import painting
from textsketch.web import html, pictures
from textsketch.web.jobs import JobCancelledError, Reporter
from textsketch.web.results import Results
from textsketch.web.workers import Pool


def test_the_headline_says_what_of_the_file_was_encoded(tmp_path):
    frames = [Image.new("RGBA", (64, 48), (255, 255, 255, alpha)) for alpha in (200, 100, 50)]
    frames[0].save(tmp_path / "logo.webp", save_all=True, append_images=frames[1:], lossless=True)
    pool = Pool(1)
    show = Results(tmp_path, pool).encode(
        str(tmp_path / "logo.webp"),
        mode="text-only",
        budget=25,
        caption="",
        seed=0,
        max_side=32,
        report=Reporter(),
    )
    pool.close()
    said = html.notes(show)
    assert show.original_size == (64, 48) and (show.report.width, show.report.height) == (32, 24)
    for sentence in (
        "First of 3 frames.",
        "Transparent, flattened on dark grey.",
        "Scaled from 64 x 48 to 32 x 24 pixels before encoding",
    ):
        assert f'<div class="ts-note">{sentence}' in said


def test_a_sharpened_picture_has_the_plain_painting_beside_it_and_says_so(tmp_path, photo):
    photo.save(tmp_path / "coffee.png")
    pool, said = Pool(1), "Sharpened by a network"
    asked = {"mode": "three-layer", "budget": 300, "max_side": 240, "report": Reporter()}
    show = Results(tmp_path, pool).encode(str(tmp_path / "coffee.png"), **asked)
    plain = Results(tmp_path, pool).encode(
        str(tmp_path / "coffee.png"), **asked, renderer="painter", options={"brush": False}
    )
    again = Results(tmp_path, pool).decode_file(show.files["tsk"], mode=None, report=Reporter())
    pool.close()
    assert Image.open(show.files["decoded"]).tobytes() == Image.open(again.png).tobytes()
    assert distance(show.files["plain_shown"], plain.files["decoded"]) < 2
    assert distance(show.files["plain_shown"], show.files["decoded"]) > 2 and show.data == plain.data
    assert "plain_shown" not in plain.files
    assert said in html.notes(show) and said in html.file_card(again)
    assert said not in html.notes(plain)


@pytest.mark.parametrize(("size_bytes", "said"), [(25, True), (1200, False)])
def test_a_higher_mode_that_is_farther_says_so(tmp_path, photo, size_bytes, said):
    photo.resize((320, 240)).save(tmp_path / "photo.png")
    pool = Pool(1)
    show = Results(tmp_path, pool).encode(
        str(tmp_path / "photo.png"),
        mode="three-layer",
        budget=size_bytes,
        caption="a street of houses under a cloudy sky",
        seed=0,
        max_side=512,
        report=Reporter(),
    )
    pool.close()
    assert ("Text-only comes nearer to the original" in html.notes(show)) is said


def test_a_first_look_comes_before_the_best_file_and_is_a_picture_of_its_own(tmp_path, photo):
    photo.save(tmp_path / "coffee.png")
    pool, seen = Pool(1), []
    reporter = Reporter()
    show = Results(tmp_path, pool).encode(
        str(tmp_path / "coffee.png"),
        mode="text-only",
        budget=300,
        caption="a cup",
        max_side=240,
        report=reporter,
    )
    pool.close()
    while not reporter.updates.empty():
        seen.append(reporter.updates.get().preview)
    look, final = dict.fromkeys(look for look in seen if look is not None)
    assert final.final and final.decoded == show.files["decoded_shown"] and not look.final
    assert final.size_bytes == show.report.size_bytes and "first look" not in pictures.early_look(final)
    assert look.size == photo.size and look.size_bytes <= 300 and look.decoded != show.files["decoded_shown"]
    assert distance(look.original, show.files["original"]) < 4
    assert "ts-plate" in pictures.early_look(look) and "a first look" in pictures.early_look(look)


def distance(one, other):
    """The mean difference of the levels of two pictures, given by their paths."""
    return np.abs(
        np.asarray(Image.open(one).convert("RGB"), float)
        - np.asarray(Image.open(other).convert("RGB"), float)
    ).mean()


def test_a_generated_picture_has_the_painter_s_beside_it_and_shows_where_it_departs(
    tmp_path, photo, monkeypatch
):
    photo.save(tmp_path / "coffee.png")
    painter = registry.get("painter")

    def dream(layers, size, options, **rest):
        return ImageOps.invert(painting.render(layers, size))

    row = dataclasses.replace(
        painter,
        name="dreamer",
        title="Dreamer",
        render=dream,
        options=Options,
        paints_beside=False,
        invents=lambda layers, options: "Dreamt.",
        plain={},
        plain_modes=(),
    )
    monkeypatch.setattr(registry, "RENDERERS", [painter, row])
    pool = Pool(1)
    asked = {"mode": "three-layer", "budget": 300, "max_side": 240, "report": Reporter()}
    show = Results(tmp_path, pool).encode(str(tmp_path / "coffee.png"), **asked, renderer="dreamer")
    pool.close()
    sent = painting.render(bitstream.unpack(show.data), brush=False)
    sent.save(tmp_path / "sent.png")
    assert distance(show.files["plain_shown"], tmp_path / "sent.png") < 2
    assert Image.open(show.files["departs"]).size == photo.size
    assert "Dreamt. " in html.notes(show) and "clearly other colours than were sent" in html.notes(show)
    assert "layer-departs" in html.layers(show)


def test_a_question_that_is_being_answered_is_not_answered_twice(tmp_path, photo):
    photo.save(tmp_path / "coffee.png")
    pool = Pool(2)
    results = Results(tmp_path, pool)
    asked = {"mode": "three-layer", "budget": 300, "max_side": 240}
    with ThreadPoolExecutor(3) as threads:
        calls = [
            threads.submit(results.encode, str(tmp_path / "coffee.png"), **asked, report=Reporter())
            for _ in range(3)
        ]
        assert len({call.result() for call in calls}) == 1
    pool.close()


def test_who_waits_for_the_answer_to_another_s_question_can_go_and_takes_over_if_the_other_goes(
    tmp_path, photo
):
    photo.resize((900, 600)).save(tmp_path / "coffee.png")
    pool = Pool(1)
    results = Results(tmp_path, pool)
    asked = {"mode": "three-layer", "budget": 3000, "max_side": 900}
    first, second, third = Reporter(), Reporter(), Reporter()
    with ThreadPoolExecutor(3) as threads:
        calls = []
        for reporter in (first, second, third):
            calls.append(
                threads.submit(results.encode, str(tmp_path / "coffee.png"), **asked, report=reporter)
            )
            time.sleep(0.3)
        second.stop.set()
        with pytest.raises(JobCancelledError):
            calls[1].result(10)
        first.stop.set()
        with pytest.raises(JobCancelledError):
            calls[0].result(10)
        assert calls[2].result().report.size_bytes <= 3000
    pool.close()

import dataclasses

from PIL import Image, ImageOps

from textsketch import bitstream
from textsketch.options import Options
from textsketch.render import registry
from textsketch.render.painter import painting
from textsketch.web import html
from textsketch.web.jobs import Reporter
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
    said = html.headline(show)
    assert show.original_size == (64, 48) and (show.report.width, show.report.height) == (32, 24)
    assert (
        "First of 3 frames. Transparent, flattened on dark grey. Scaled from 64 x 48 to 32 x 24 pixels"
        in said
    )


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
    pictures = [
        Image.open(path).tobytes() for path in (show.files["decoded"], show.files["plain"], again.png)
    ]
    assert pictures[0] == pictures[2] != pictures[1]
    assert pictures[1] == Image.open(plain.files["decoded"]).tobytes() and show.data == plain.data
    assert plain.files["plain"] == plain.files["decoded"]
    assert said in html.headline(show) and said in html.file_card(again)
    assert said not in html.headline(plain)


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
    assert Image.open(show.files["plain"]).tobytes() == sent.tobytes()
    assert Image.open(show.files["departs"]).size == photo.size
    assert "Dreamt. " in html.headline(show) and "clearly other colours than were sent" in html.headline(show)
    assert "layer-departs" in html.layers(show)

"""Pictures over an API: from words, or after the painter's picture, fitted to the file's size."""

import io

import numpy as np
import pytest
from api_fixtures import api  # noqa: F401
from api_server import fault, painting, png
from PIL import Image
from small_scenes import difference, picture

import textsketch as ts
from textsketch.cli import main
from textsketch.errors import ServiceError
from textsketch.options import described
from textsketch.render import registry


@pytest.fixture(scope="module")
def files():
    """A scene in two modes."""
    scene = picture(96, 64)
    return {
        "text-only": ts.encode(scene, mode="text-only", budget=60, caption="a red disc", renderer="api").data,
        "three-layer": ts.encode(scene, budget=300, caption="a red disc", renderer="api").data,
    }


def test_words_alone_are_painted_from_words(api, files):  # noqa: F811
    decoded = ts.decode(files["text-only"], renderer="api")
    (route, _, fields) = api.requests[0]
    assert route == "/images/generations" and fields["size"] == "1536x1024" and fields["model"] == "brush"
    assert fields["prompt"].startswith("a red disc, ") and decoded.image.size == (96, 64)
    assert decoded.image.getpixel((2, 9)) == (200, 40, 40)
    assert "only the words were sent" in decoded.invented


def test_with_more_than_words_the_painters_picture_is_the_draft(api, files):  # noqa: F811
    decoded = ts.decode(files["three-layer"], renderer="api")
    (route, _, fields) = api.requests[0]
    assert route == "/images/edits" and "It shows: a red disc" in fields["prompt"]
    draft = next(value for value in fields.values() if isinstance(value, bytes | bytearray))
    draft = Image.open(io.BytesIO(draft))
    painted = ts.decode(files["three-layer"]).image.resize(draft.size, Image.Resampling.LANCZOS)
    assert draft.size == (1536, 1024) and difference(draft, painted) == 0
    assert decoded.image.size == (96, 64)
    assert "the words, the lines and the coarse colours were sent" in decoded.invented


@pytest.mark.parametrize("size", [(64, 64), (200, 50), (33, 77), (1, 1)])
def test_any_size_that_comes_back_is_fitted(api, files, size):  # noqa: F811
    api.paints = lambda prompt, asked: png(painting("red", size))
    for data in files.values():
        image = ts.decode(data, renderer="api").image
        assert image.size == (96, 64) and np.ptp(np.asarray(image), axis=(0, 1)).max() == 0
    assert ts.decode(files["text-only"], renderer="api", size=(50, 70)).image.size == (50, 70)


def test_the_middle_of_a_picture_from_words_is_kept_undistorted(api, files):  # noqa: F811
    api.paints = lambda prompt, asked: png(painting("red green blue", (300, 64)))
    image = ts.decode(files["text-only"], renderer="api").image
    assert np.asarray(image)[32, [4, 48, 92]].tolist() == [[60, 150, 60]] * 3


def test_a_size_may_be_set(api, files, monkeypatch):  # noqa: F811
    monkeypatch.setenv("TEXTSKETCH_IMAGE_SIZE", "512x320")
    ts.decode(files["text-only"], renderer="api")
    ts.decode(files["text-only"], renderer="api", image_size="64x64", image_model="another")
    assert [fields["size"] for _, _, fields in api.requests] == ["512x320", "64x64"]
    assert api.requests[-1][2]["model"] == "another"


def test_it_is_there_only_where_it_is_set_up_and_never_the_usual(api, monkeypatch, files):  # noqa: F811
    row = registry.get("api")
    assert row.unavailable() is None and registry.preferred().name != "api"
    assert not any(one.offered for one in (*described(row.options), *described(row.allocation)))
    monkeypatch.delenv("TEXTSKETCH_API_BASE")
    assert "set TEXTSKETCH_API_BASE" in row.unavailable()
    with pytest.raises(ServiceError, match="set TEXTSKETCH_API_BASE"):
        ts.decode(files["text-only"], renderer="api")


def test_a_fault_leaves_the_file(api, files, tmp_path, capsys):  # noqa: F811
    path = tmp_path / "a.tsk"
    path.write_bytes(files["text-only"])
    api.faults.append(fault(400, {"message": "rejected by our safety system", "code": "moderation"}))
    assert main(["decode", str(path), str(tmp_path / "a.png"), "--renderer", "api"]) == 2
    assert "content rules" in capsys.readouterr().err
    assert path.read_bytes() == files["text-only"] and not (tmp_path / "a.png").exists()

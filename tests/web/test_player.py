"""The player's files beside the app."""

import gzip

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from textsketch.errors import LinkError
from textsketch.render.painter import brush, shading
from textsketch.share.link import link_of
from textsketch.web.page import ClosedRoutes
from textsketch.web.player import BUILT, PlayerFiles, address_of


@pytest.fixture
def app():
    """An app with the player beside it, as `demo.launch` puts them together."""
    other = Route("/{path:path}", lambda request: PlainTextResponse("the app"), methods=["GET", "POST"])
    made = Starlette(routes=[other], middleware=[Middleware(ClosedRoutes), Middleware(PlayerFiles)])
    return TestClient(made, follow_redirects=False)


def test_the_page_its_files_and_the_networks_are_served(app):
    page = app.get("/player/")
    assert (
        page.headers["content-type"].startswith("text/html")
        and page.content == (BUILT / "index.html").read_bytes()
    )
    assert page.headers["cache-control"] == "no-cache" and page.headers["etag"]
    assert app.get("/player/", headers={"if-none-match": page.headers["etag"]}).status_code == 304
    assert app.get("/player/page.js").headers["content-type"].startswith("text/javascript")
    assert gzip.decompress(app.get("/player/tables.bin").content)
    for network in (brush.FILE, shading.FILE):
        assert app.get(f"/player/{network.name}").content == network.read_bytes()
    assert app.head("/player/page.js").status_code == 200


def test_a_place_without_its_slash_leads_to_the_page(app):
    answer = app.get("/player")
    assert answer.status_code == 307 and answer.headers["location"] == "player/"


@pytest.mark.parametrize(
    "path",
    [
        "/player/brush.py",
        "/player/nothing",
        "/player/page.js/",
        "/player/../app.py",
        "/player/%2e%2e/%2e%2e/app.py",
        "/player//etc/passwd",
        "/player/..%2fsrc%2flayers.ts",
    ],
)
def test_nothing_else_of_the_machine_lies_there(app, path):
    answer = app.get(path)
    assert answer.status_code == 404 or answer.text == "the app"
    assert app.get(path.replace("%2e", ".").replace("%2f", "/")).status_code in (200, 404)


def test_other_places_are_the_apps_and_the_player_is_only_read(app):
    for path in ("/", "/players", "/playerx/page.js", "/gradio_api/info"):
        assert app.get(path).text == "the app"
    assert app.post("/player/page.js").status_code == 405
    assert app.get("/player/?x=" + "A" * 20_000).status_code == 414


def test_links_lead_to_the_player_of_an_app_that_has_an_address():
    from share_files import captioned

    for app in ("https://name.hf.space/", "https://name.hf.space", "http://127.0.0.1:7860/"):
        assert link_of(captioned(), address_of(app)).startswith(f"{app.rstrip('/')}/player/#")
    for nothing in (None, "", "nothing"):
        with pytest.raises(LinkError):
            link_of(captioned(), address_of(nothing))

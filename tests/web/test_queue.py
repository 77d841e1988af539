import asyncio
from types import SimpleNamespace

from textsketch.web.commands import MALFORMED
from textsketch.web.controls import turn
from textsketch.web.page import FULL, Page
from textsketch.web.workspace import Workspace


def test_who_finds_the_queue_full_is_told_so_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    (tmp_path / "examples").mkdir()
    page = Page(Workspace(tmp_path / "examples"))
    with page:
        page.load(lambda: None)
    page.queue(max_size=0)

    requests = []

    def pushed(function: int) -> tuple:
        requests.append(SimpleNamespace(state=SimpleNamespace()))
        return asyncio.run(page._queue.push(SimpleNamespace(fn_index=function), requests[-1], None))

    (known,) = page.fns
    assert pushed(known) == (False, FULL, "queue_full")
    assert pushed(known + 1) == (False, MALFORMED, "error")
    assert [turn(SimpleNamespace(request=request)) for request in requests] == [0, 1]  # what came in first

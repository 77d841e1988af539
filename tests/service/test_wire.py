"""Every fault of a server is one sentence that says what to do; waits are bounded, and end when cancelled."""

import base64
import logging
import threading
import time
from email.utils import formatdate

import pytest
from api_fixtures import KEY, api  # noqa: F401
from api_server import Fault, fault, painting, png
from PIL import Image

from textsketch.errors import ServiceError
from textsketch.progress import ignore
from textsketch.service import calls, chat, faults, pictures, settings, wire

RED = Image.new("RGB", (40, 30), (200, 40, 40))


def ask(progress=ignore, **options):
    return chat.ask(settings.service(**options), [chat.message("user", "What?", RED)], progress, "asking")


def paint(size=(64, 64), **more):
    return pictures.paint(settings.service(), "a red barn", size, ignore, **more)


def sentence(call, *arguments, **options) -> str:
    with pytest.raises(ServiceError) as caught:
        call(*arguments, **options)
    said = str(caught.value)
    assert len(said) < 420 and len(said.splitlines()) == 1 and KEY not in said
    return said


@pytest.mark.parametrize(
    ("played", "wanted"),
    [
        (fault(401, {"message": f"bad key {KEY}"}), "does not accept the key (401); set TEXTSKETCH_API_KEY"),
        (fault(403, {"message": f"{KEY} may not"}), "forbids the model eye (403): [key] may not; use"),
        (fault(404, {"message": "no eye"}), "has no model eye, or not this route (404): no eye; check"),
        (
            fault(429, {"message": "slow", "code": "rate"}, Retry_After="120"),
            "(429): slow; try again in 120 s",
        ),
        (
            fault(429, {"code": "insufficient_quota", "message": "broke"}),
            "nothing left to spend (429): broke",
        ),
        (fault(500, "boom"), "has failed (500): boom; try again later"),
        (fault(503), "is too busy (503): trouble; try again later"),
        (
            fault(400, {"code": "content_policy_violation", "message": "no"}),
            "content rules: no; change picture",
        ),
        (fault(400, {"message": "\x1b[31mbad\nthing"}), "(400): [31mbad thing; check the model eye"),
        (fault(400, {"message": "x" * 5000}), "..."),
        (fault(413, ["odd"]), "does not take this request (413); check"),
        (Fault(500, "a bare string", content_type="text/plain"), "has failed (500): a bare string; try"),
        (
            Fault(502, "<html>bad gateway</html>", content_type="text/html"),
            "has failed (502); try again later",
        ),
        (
            Fault(200, "<html>welcome</html>", content_type="text/html"),
            "does not answer as OpenAI's API does",
        ),
        (Fault(200, '{"choices": ['), "does not answer as OpenAI's API does"),
        (Fault(200, "[" * 100_000), "does not answer as OpenAI's API does"),
        (Fault(200, '"hello"'), "does not answer as OpenAI's API does"),
        (Fault(200, '{"choices": "hello"}'), "does not answer as OpenAI's API does"),
        (Fault(200, '{"choices": [{"message": "hello"}]}'), "does not answer as OpenAI's API does"),
        (Fault(200, '{"choices": [{"message": {"content": null}}]}'), "the model eye answered nothing"),
        (Fault(200, '{"choices": [{"message": {"refusal": "no"}}]}'), "declines to look at this picture"),
        (Fault(200, "{}", {"Content-Encoding": "gzip"}), "sent more than a picture can have"),
    ],
)
def test_a_fault_is_one_sentence_that_says_what_to_do(api, played, wanted):  # noqa: F811
    api.faults.append(played)
    assert wanted in sentence(ask)
    assert len(api.requests) == 1


def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(api):  # noqa: F811
    for status in (301, 302, 307, 308):
        api.faults.append(
            Fault(status, "", {"Location": f"{api.url.replace('127.0.0.1', 'localhost')}/other"})
        )
        assert "leads elsewhere to localhost, where nothing is sent" in sentence(ask)
    assert api.routes() == ["/chat/completions"] * 4


def test_a_server_that_is_not_there_is_named(api):  # noqa: F811
    assert "at 127.0.0.1 cannot be reached" in sentence(ask, api_base="http://127.0.0.1:1/v1")


def test_a_service_that_says_when_is_asked_again(api):  # noqa: F811
    api.faults += [fault(429, Retry_After="0.1"), fault(503, Retry_After=formatdate(time.time() - 5))]
    said = []
    assert ask(lambda fraction, message: said.append(message)) == "a red barn"
    assert len(api.requests) == 3 and "the API asks to wait 0 s" in said
    api.faults += [fault(429, Retry_After="0")] * 3
    assert "has been asked too often (429)" in sentence(ask)
    assert len(api.requests) == 6


@pytest.mark.parametrize("kind", ["silent", "drips"])
def test_a_server_that_hangs_is_given_up_after_the_time_that_was_set(api, kind):  # noqa: F811
    api.faults.append(Fault(**{kind: True}))
    assert "did not answer within 0.5 s" in sentence(ask, wait_s=0.5)
    assert api.dropped.wait(20)


class StoppedError(BaseException):
    pass


@pytest.mark.parametrize("kind", ["silent", "drips"])
def test_a_wait_is_cancelled_at_once_and_the_connection_is_let_go(api, kind):  # noqa: F811
    api.faults.append(Fault(**{kind: True}))

    def progress(fraction, message):
        if api.asked.is_set():
            raise StoppedError

    with pytest.raises(StoppedError):
        ask(progress, wait_s=3000)
    assert api.dropped.wait(20)


def test_an_answer_that_breaks_off_is_one_sentence(api):  # noqa: F811
    api.faults += [
        Fault(200, '{"choices": [', breaks_off=True),
        Fault(200, '{"data": [{"b64', breaks_off=True),
    ]
    for call in (ask, paint):
        assert "cannot be reached, or hung up; check that it runs" in sentence(call)


def test_an_endless_answer_is_cut(api, monkeypatch):  # noqa: F811
    monkeypatch.setattr(wire, "MOST_BYTES", 1000)
    api.answers = ["x" * 2000]
    assert "sent more than a picture can have" in sentence(ask)


def test_a_picture_is_read_from_base64_from_a_url_and_from_a_data_url(api):  # noqa: F811
    for gives, url in (("b64_json", ""), ("url", ""), ("url", "/v1/files/picture.png"), ("url", "data:")):
        api.gives, api.picture_url = gives, url
        if url == "data:":
            api.picture_url += "image/png;base64," + base64.b64encode(png(painting("red", (64, 64)))).decode()
        assert paint().getpixel((5, 5)) == (200, 40, 40)


@pytest.mark.parametrize(
    "elsewhere",
    ["http://localhost:{port}/v1/files/picture.png", "http://127.0.0.1:1/picture.png", "file:///etc/passwd",
     "//169.254.169.254/latest", "http://[bad/", "ftp://127.0.0.1/picture.png"],
)  # fmt: skip
def test_a_picture_at_another_place_is_not_fetched(api, elsewhere):  # noqa: F811
    api.gives = "url"
    api.picture_url = elsewhere.format(port=api.url.rpartition(":")[2].partition("/")[0])
    said = sentence(paint)
    where = "at localhost" if "localhost" in elsewhere else ""
    assert f"leaves its pictures {where}" in said and "which is not asked; take a model or a server" in said
    assert "b64_json, or set TEXTSKETCH_API_BASE to that address" in said
    assert [route for route in api.routes() if route.startswith("/files")] == []
    assert api.routes() == ["/images/generations"]


def test_a_url_that_redirects_is_not_followed(api):  # noqa: F811
    api.gives = "url"
    api.faults += [Fault(200, f'{{"data": [{{"url": "{api.url}/files/picture.png"}}]}}')]
    api.faults += [Fault(302, "", {"Location": "http://localhost:1/"})]
    assert "leads elsewhere to localhost" in sentence(paint)


@pytest.mark.parametrize(
    ("b64", "wanted"),
    [
        ("iVBORw0KGgo", "is cut or damaged on its way; try again"),
        ("!!!not base64!!!", "is cut or damaged on its way; try again"),
        (base64.b64encode(png(painting("red", (64, 64)))[:60]).decode(), "is no picture that can be read"),
        (base64.b64encode(b"<html></html>").decode(), "is no picture that can be read"),
        ("", "does not answer as OpenAI's API does"),
    ],
)
def test_a_picture_that_is_none_is_one_sentence(api, b64, wanted):  # noqa: F811
    api.b64 = b64
    assert wanted in sentence(paint)


def test_a_model_that_takes_no_format_is_asked_without_and_remembered(api):  # noqa: F811
    api.takes_format = False
    ledger = calls.Ledger(5)
    with ledger.counting():
        paint()
        paint()
    assert ["response_format" in fields for _, _, fields in api.requests] == [True, False, False]
    assert ledger.pictures == 3


def test_no_more_calls_are_made_than_allowed(api):  # noqa: F811
    ledger = calls.Ledger(1)
    with ledger.counting():
        ask()
        assert "the limit of 1 calls to the API is reached" in sentence(ask)
        assert "the limit of 1 calls" in sentence(paint)
    assert len(api.requests) == 1 and (ledger.words, ledger.pictures) == (1, 0)
    ask()


def test_a_ledger_counts_what_one_inside_it_counts(api):  # noqa: F811
    outer, inner = calls.Ledger(3), calls.Ledger(5)
    with outer.counting():
        ask()
        with inner.counting():
            ask()
            paint()
            assert "the limit of 3 calls" in sentence(ask)
    assert (outer.words, outer.pictures, inner.words, inner.pictures) == (2, 1, 1, 1)


def test_a_process_that_serves_strangers_makes_so_many_calls_a_day(api, monkeypatch):  # noqa: F811
    monkeypatch.setattr(calls, "_visitors", calls._Visitors())
    monkeypatch.setenv("TEXTSKETCH_PAGE_CALLS", "2")
    calls.serve_visitors()
    clock = [0.0]
    monkeypatch.setattr(calls.time, "monotonic", lambda: clock[0])
    calls.spend(calls.Kind.WORDS, settings.service())
    clock[0] = 23 * 3600.0
    calls.spend(calls.Kind.PICTURE, settings.service())
    with pytest.raises(
        ServiceError, match="all 2 calls that this page .* let its owner set TEXTSKETCH_PAGE_CALLS"
    ):
        calls.spend(calls.Kind.WORDS, settings.service())
    clock[0] = 24 * 3600.0
    calls.spend(calls.Kind.WORDS, settings.service())
    with pytest.raises(ServiceError, match="all 2 calls"):
        calls.spend(calls.Kind.WORDS, settings.service())


def test_a_server_without_a_key_is_asked_without_one(api, monkeypatch):  # noqa: F811
    monkeypatch.delenv("TEXTSKETCH_API_KEY")
    assert "wants a key (401); set TEXTSKETCH_API_KEY" in sentence(ask)
    api.key = ""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-place")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another-place")
    assert ask() == "a red barn"
    assert api.requests[-1][1] == "Bearer none"


def test_the_key_is_in_no_log_result_or_error(api, caplog, capfd):  # noqa: F811
    caplog.set_level(logging.DEBUG)
    api.answers = [f"a barn {KEY} in snow"]
    assert ask() == "a barn [key] in snow"
    api.faults += [fault(400, {"message": f"{KEY}!"}), fault(401, f"{KEY}")]
    errors = []
    for _ in range(2):
        with pytest.raises(ServiceError) as caught:
            ask()
        # The test's own frame has the server, which knows the key.
        errors += [str(caught.value), *(repr(entry.locals) for entry in caught.traceback[2:])]
        assert caught.value.__cause__ is None and caught.value.__context__ is None
    logged = "".join(record.getMessage() + str(record.args) for record in caplog.records)
    assert caplog.records and KEY not in logged + "".join(errors) + "".join(capfd.readouterr())


def test_a_short_key_is_a_word_like_any_other(api, monkeypatch):  # noqa: F811
    monkeypatch.setenv("TEXTSKETCH_API_KEY", "red")
    assert faults.without_key("a red barn") == "a red barn"


def test_no_thread_is_left_once_an_answer_is_there(api):  # noqa: F811
    ask()
    for thread in threading.enumerate():
        if thread.name == "textsketch-api":
            thread.join(10)
    assert not [thread for thread in threading.enumerate() if thread.name == "textsketch-api"]

"""Only uploads, the examples and the visitor's own results are read, at all doors and in all disguises."""

import http.server
import io
import json
import os
import threading
import time
from pathlib import Path

import pytest
from conftest import EXAMPLES, ROOT
from PIL import Image
from running_app import Visitor, file_data, running_app

import textsketch as ts
from textsketch.web.intake import REFUSED
from textsketch.web.page import MALFORMED

SECRET = "the plans of the lighthouse"
FILE_TYPES = {"image", "gallery", "imageslider", "file", "downloadbutton", "uploadbutton", "api"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the app makes its folder."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def url(tmp_path_factory, folder):
    with running_app(tmp_path_factory.mktemp("app"), GRADIO_TEMP_DIR=str(folder)) as address:
        yield address
    assert list(folder.iterdir()) == []  # SIGTERM has ended it


@pytest.fixture(scope="module")
def files(url, folder):
    """The folder the app serves, once the first result, which the app makes unasked, is there."""
    (files,) = folder.glob("*/files")
    assert first_visit(Visitor(url))["success"]
    while Visitor(url).get("card.png")[0] != 200:  # the last of what the app makes by itself
        time.sleep(0.2)
    return files


@pytest.fixture
def visitor(url):
    return Visitor(url)


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """A picture and a .tsk file on the server that are nobody's business."""
    folder = tmp_path_factory.mktemp("private")
    Image.new("RGB", (64, 48), (201, 17, 93)).save(folder / "picture.png")
    encoded = ts.encode(folder / "picture.png", caption=SECRET, budget=200)
    (folder / "file.tsk").write_bytes(encoded.data)
    return folder


@pytest.fixture(scope="module")
def server(private):
    """A server of the test's that the app must never ask; its address and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write((private / "picture.png").read_bytes())

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listener.server_port}", asked
        listener.shutdown()


@pytest.fixture(scope="module")
def another_result(url, photo_path):
    """Files made for another visitor: the .tsk and the decoded picture."""
    other = Visitor(url)
    picture = other.upload("holiday.png", photo_path.read_bytes())
    answer = other.call(function_of(other, "encode"), [picture, "text-only", "200B", "my holiday", 0])
    assert answer["success"], answer
    tsk, png, _ = answer["output"]["data"][0]
    return other, tsk["path"], png["path"]


def function_of(visitor, name):
    return next(f["id"] for f in visitor.config()["dependencies"] if f["api_name"] == name)


def first_visit(visitor, **changed):
    """Encode with what the page shows first, as its button does; changed: another picture."""
    config = visitor.config()
    named = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
    work = next(
        f for f in config["dependencies"] if [named["ask"], "click"] in f["targets"] and f["backend_fn"]
    )
    values = {c["id"]: c["props"].get("value") for c in config["components"]}
    values[named["picture"]] = changed.get("picture", values[named["picture"]])
    return visitor.call(work["id"], [values[i] for i in work["inputs"]])


def png(size=(64, 48), colour="teal"):
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "PNG")
    return data.getvalue()


def shaped(kind, file):
    """The file as an input of a kind takes it."""
    return {
        "gallery": [{"image": file, "caption": None}],
        "imageslider": [file, file],
    }.get(kind, file)


def foreign_files(files, private, server, another_result):
    """Every way to name a file that is not the visitor's."""
    address, _ = server
    linked = files / "0123456789abcdef"
    linked.mkdir(exist_ok=True)
    links = {
        "picture.png": private / "picture.png",
        "file.tsk": private / "file.tsk",
        "nothing.png": private / "nothing.png",
        "loop.png": linked / "loop.png",
        "folder": private,
        "result.png": Path(another_result[2]),
    }
    for name, target in links.items():
        if not (linked / name).is_symlink():
            (linked / name).symlink_to(target)
    (linked / "not-uploaded.png").write_bytes(png())
    up = "/.." * len(files.parts)
    paths = [
        private / "picture.png",
        private / "file.tsk",
        private / "nothing.png",
        private,
        "/etc/passwd",
        EXAMPLES / "cat.jpg",
        "examples/cat.jpg",
        f"{files}{up}{private}/picture.png",
        f"{files}{up}{private}/nothing.png",
        f"{files}/examples/../../../{private.name}/picture.png",
        f"{files.parent}/textsketch.lock",
        files,
        files / "results",
        files / "examples" / "nothing.jpg",
        *(linked / name for name in links),
        linked / "not-uploaded.png",
        linked / "folder" / "picture.png",
        f"file://{private}/picture.png",
        f"file:{private}/picture.png",
        f"{address}/picture.png",
        f"{address}/gradio_api/file={private}/picture.png",
        *another_result[1:],
        f"{private}/picture.png\0.png",
        "~/picture.png",
    ]
    for path in paths:
        yield file_data(path)
        yield {"path": str(path)}
    own = str(files / "examples" / "cat.jpg")
    yield {"path": own + "x", "url": own, "orig_name": "cat.jpg"}
    yield {"path": "", "url": f"{address}/picture.png"}
    yield {"url": f"{address}/picture.png", "meta": {"_type": "gradio.FileData"}}
    yield {"url": "data:image/png;base64,iVBORw0KGgo="}
    yield file_data(private / "picture.png", is_stream=True)
    yield file_data(private / "picture.png", url=f"{address}/picture.png", orig_name="cat.jpg")
    yield {"path": [str(private / "picture.png")]}
    yield {"value": file_data(private / "picture.png"), "__type__": "update"}


def snapshot(files):
    return {path for path in files.rglob("*") if path.is_file()}


def test_no_function_takes_a_foreign_file_and_none_tells_whether_it_exists(
    url, files, private, server, another_result, visitor
):
    config = visitor.config()
    types = {component["id"]: component["type"] for component in config["components"]}
    values = {c["id"]: c.get("props", {}).get("value") for c in config["components"]}
    attacks = list(foreign_files(files, private, server, another_result))
    taking = [f for f in config["dependencies"] if FILE_TYPES & {types[i] for i in f["inputs"]}]
    api = [f for f in config["dependencies"] if f["api_name"] in ("encode", "decode")]
    assert len(taking) > 15 and len(api) == 2
    before = snapshot(files)
    functions = {f["id"]: f for f in (*taking, *api)}.values()
    for function in functions:
        kinds = [types[i] for i in function["inputs"]]
        asked = [
            [
                shaped(kind, attack) if kind in FILE_TYPES else values[i]
                for kind, i in zip(kinds, function["inputs"], strict=True)
            ]
            or [attack]
            for attack in attacks
        ]
        answers = visitor.calls([(function["id"], data) for data in asked])
        for attack, answer in zip(attacks, answers, strict=True):
            assert not answer["success"], (function, attack, answer)
            assert answer["output"]["error"] == REFUSED, (function, attack, answer)
    assert snapshot(files) == before and server[1] == []
    assert SECRET not in "".join(visitor.answers)


def test_a_foreign_file_is_refused_in_every_input_and_in_the_data_of_an_event(url, private, visitor):
    for function in visitor.config()["dependencies"]:
        if not function["backend_fn"]:
            continue
        for attack in (file_data(private / "picture.png"), {"path": str(private / "nothing.png")}):
            asked = []
            for position in range(len(function["inputs"])):
                data = [None] * len(function["inputs"])
                data[position] = attack
                asked.append((function["id"], data))
            for answer in visitor.calls(asked):
                assert answer["output"]["error"] == REFUSED, (function, answer)
            event = {"index": 0, "value": {"image": attack}}
            answer = visitor.call(function["id"], [None] * len(function["inputs"]), event_data=event)
            assert answer["output"]["error"] == REFUSED, function


def test_the_named_endpoints_refuse_the_same_with_the_same_sentence(
    files, private, server, another_result, visitor
):
    before = snapshot(files)
    names = [function["api_name"] for function in visitor.config()["dependencies"]]
    for attack in foreign_files(files, private, server, another_result):
        for name, rest in (("encode", ["text-only", "200B", "hi", 0]), ("decode", ["all", True])):
            if "meta" in attack:
                answer = visitor.call_by_name(name, [attack, *rest])
                assert answer.startswith("event: error") and REFUSED in answer, (name, attack, answer)
    for wrong in ("/etc/passwd", None, {}, [], 7, [file_data("/etc/passwd")]):
        answer = visitor.call_by_name("encode", [wrong, "text-only", "200B", "hi", 0])
        assert answer.startswith("event: error") and REFUSED in answer
    for name in {name for name in names if isinstance(name, str)} - {"encode", "decode"}:
        answer = visitor.call_by_name(name, [file_data(private / "picture.png")])
        assert "complete" not in answer, (name, answer)
    assert snapshot(files) == before and server[1] == [] and SECRET not in "".join(visitor.answers)


def test_an_upload_an_example_and_one_s_own_result_are_taken(url, files, another_result, photo_path):
    visitor = Visitor(url)
    upload = visitor.upload("mine.png", photo_path.read_bytes())
    named = [function_of(visitor, "encode"), function_of(visitor, "decode")]
    rest = ["text-only", "200B", "mine", 0]
    example = file_data(files / "examples" / "cat.jpg")
    for picture in (example, upload, {"path": upload["path"], "url": "http://127.0.0.1:9/never-asked"}):
        assert first_visit(visitor, picture=picture)["success"]
        assert visitor.call(named[0], [picture, *rest])["success"]
    tsk, decoded, report = visitor.call(named[0], [upload, *rest])["output"]["data"][0]
    assert report["size_bytes"] == os.path.getsize(tsk["path"])
    assert visitor.call(named[1], [tsk, "all", True, True])["success"]
    assert visitor.call(named[0], [decoded, *rest])["success"]
    other, *_ = another_result
    assert not other.call(named[1], [tsk, "all", True, True])["success"]


def test_no_address_serves_what_is_not_the_page_s(files, private, server, visitor, another_result):
    address, asked = server
    linked = files / "served"
    linked.mkdir(exist_ok=True)
    (linked / "picture.png").symlink_to(private / "picture.png")
    (linked / "folder").symlink_to(private)
    up = "/.." * len(files.parts)
    for path in (
        private / "picture.png",
        "/etc/passwd",
        f"/{files}{up}/etc/passwd",
        ROOT / "app.py",
        ROOT / "weights.yaml",
        ROOT / "textsketch" / "errors.py",
        EXAMPLES / "cat.jpg",
        "app.py",
        "examples/cat.jpg",
        files,
        files / "results",
        Path(another_result[1]).parent,
        files.parent / "textsketch.lock",
        f"{files}/../textsketch.lock",
        f"{files}/..%2ftextsketch.lock",
        linked / "picture.png",
        linked / "folder" / "picture.png",
        f"{address}/picture.png",
        f"%68ttp://{address[7:]}/picture.png",
        f"file://{private}/picture.png",
    ):
        status, body = visitor.get(f"gradio_api/file={path}")
        assert status in (403, 404), (path, status)
        assert b"PNG" not in body and b"root:" not in body
    for path in (
        f"gradio_api/proxy={address}/picture.png",
        "gradio_api/runs",
        "gradio_api/run-history/buckets",
        "gradio_api/dev/reload",
        f"gradio_api/deep_link?session_hash={another_result[0].session}",
        "gradio_api/process_recording",
        "gradio_api/component_server",
        "gradio_api/vibe-code",
        "gradio_api/stream/a/b/1/playlist-file",
        f"static/..{up}{private}/picture.png",
        f"assets/..{up}{private}/picture.png",
        f"svelte/..{up}{private}/picture.png",
    ):
        assert visitor.get(path)[0] in (403, 404, 405), path
    assert asked == []
    status, body = visitor.get(f"gradio_api/file={files / 'examples' / 'cat.jpg'}")
    assert status == 200 and body == (EXAMPLES / "cat.jpg").read_bytes()


def test_what_no_control_sends_is_one_sentence_and_no_call_goes_past_the_queue(url, visitor):
    config = visitor.config()
    mode = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "mode")
    functions = [f for f in config["dependencies"] if mode in f["inputs"]]
    assert len(functions) > 5
    for function in functions:
        wrong = [[None] * len(function["inputs"]), [], ["x"]]
        wrong[0][function["inputs"].index(mode)] = "no mode"
        for answer in visitor.calls([(function["id"], data) for data in wrong]):
            assert answer["output"]["error"] == MALFORMED, answer
        body = {"fn_index": function["id"], "data": [], "session_hash": visitor.session}
        status, text = visitor.post("gradio_api/run/predict", body)
        assert status in (401, 403, 404) or (status == 500 and json.loads(text)["error"] == MALFORMED)
    assert visitor.post("gradio_api/run/encode", {"data": []})[0] in (401, 403, 404)


def test_no_answer_names_a_place_of_the_machine(url, photo_path, visitor):
    import gradio

    upload = visitor.upload("mine.png", photo_path.read_bytes())
    broken = visitor.upload("broken.png", b"no picture")
    encode, decode = (function_of(visitor, name) for name in ("encode", "decode"))
    assert visitor.call(encode, [upload, "three-layer", "packet", "mine", 0])["success"]
    for name in ("", "gradio_api/info", "gradio_api/openapi.json", "gradio_api/startup-events", "theme.css"):
        visitor.get(name)
    for path in (
        "gradio_api/queue/data",
        "gradio_api/heartbeat",
        "nowhere",
    ):
        visitor.get(path)
    for wrong in (
        [broken, "three-layer", "packet", "mine", 0],
        [upload, "no mode", "packet", "mine", 0],
        [upload, "three-layer", "no budget", "mine", 0],
        [upload, "three-layer", "3B", "mine", 0],
        [upload, "three-layer", "packet", {"a": 1}, "no seed"],
        [upload, None, None, None, None],
        [upload],
        [],
    ):
        assert not visitor.call(encode, wrong)["success"], wrong
    for wrong in ([broken, "all", True], [upload, "all", True], [upload, 5, "x"], [None]):
        assert not visitor.call(decode, wrong)["success"], wrong
    for function in visitor.config()["dependencies"]:
        if function["backend_fn"]:
            count = len(function["inputs"])
            visitor.calls(
                [(function["id"], data) for data in (["x"] * count, [{"a": [1]}] * count, [[]], [])]
            )
            visitor.call(function["id"], [None] * count, event_data="wrong")
            visitor.call(function["id"], [None] * count, event_data={"index": "wrong"})
    for path in ("call/nothing", "call/v2/nothing", "run/nothing", "call/encode", "run/encode", "queue/join"):
        for body in (
            {"data": []},
            {"data": 7},
            {"fn_index": 999, "data": [], "session_hash": "x"},
            b"{",
            b"",
        ):
            visitor.post(f"gradio_api/{path}", body)
    visitor.post("gradio_api/upload", b"no form", "multipart/form-data; boundary=x")
    visitor.post("gradio_api/upload", b"no form", "text/plain")
    said = "".join(visitor.answers)
    assert len(visitor.answers) > 200
    installed = Path(gradio.__file__).parent.parent
    for place in (str(ROOT), f"{Path.home()}/", str(installed), "site-packages", "Traceback"):
        assert place not in said, said[max(0, said.index(place) - 300) : said.index(place) + 300]

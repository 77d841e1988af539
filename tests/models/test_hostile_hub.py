"""A hub that lies, other processes at the same weights, and caches that are damaged or cannot be written."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from fake_hub import BODY, COMMIT, FakeHub, listed, serve

from textsketch.errors import WeightsError
from textsketch.models import cache as cached
from textsketch.models import weights, weights_list

BIG = os.urandom(1 << 20) * 24  # three of the downloader's blocks
OTHER = BODY[::-1]

FETCH = """
import hashlib
from textsketch.models import weights, weights_list
file = weights_list.WeightFile("model.safetensors")
entry = weights_list.Entry("model", "a role", "some/model", None, False, "MIT", (), ("model",), (file,))
weights.entries = lambda: {"model": entry}
said = []
def progress(fraction, message):
    if message not in said:
        said.append(message)
        print(message, flush=True)
path = weights.fetch("model", progress) / "model.safetensors"
print(hashlib.sha256(path.read_bytes()).hexdigest())
"""


@pytest.fixture(autouse=True)
def no_waiting_between_retries(monkeypatch):
    monkeypatch.setattr("huggingface_hub.file_download.time", SimpleNamespace(sleep=lambda seconds: None))


def unpinned(monkeypatch, **changes):
    """One entry whose commit, size and hash nobody knows yet."""
    fields = {"commit": None, "commit_confirmed": False}
    file = weights_list.WeightFile("model.safetensors")
    return listed(monkeypatch, **{**fields, "files": (file,), **changes})


def refused(tmp_path, match):
    """Fetching raises one sentence that matches; nothing is there, and nothing lies outside the cache."""
    with pytest.raises(WeightsError, match=match) as caught:
        weights.fetch("model")
    assert "\n" not in str(caught.value).strip()
    assert not weights.is_available("model")
    assert [path.name for path in tmp_path.iterdir()] in ([], ["hub"])
    assert list((tmp_path / "hub").rglob("*.safetensors")) == []


@pytest.mark.parametrize(
    "commit", ["../../../pwned", "/tmp/pwned", "abc123", "", "A" * 40, "a" * 39 + "/", "a" * 41, "main"]
)
@pytest.mark.parametrize("pinned", [False, True])
def test_a_commit_that_is_not_forty_hex_digits_is_refused(monkeypatch, hub, tmp_path, commit, pinned):
    hub.commit = commit
    if pinned:
        listed(monkeypatch)
    else:
        unpinned(monkeypatch)
    refused(tmp_path, "does not tell the expected commit")
    assert hub.times_sent("model.safetensors") == 0


def test_another_commit_than_the_pinned_one_is_refused(monkeypatch, hub, tmp_path):
    hub.commit = "b" * 40
    listed(monkeypatch)
    refused(tmp_path, "does not tell the expected commit")


@pytest.mark.parametrize("etag", ["../../../../pwned", "/tmp/pwned", 'W/".."', "x" * 4000])
def test_an_etag_never_gets_into_a_path(monkeypatch, hub, tmp_path, etag):
    hub.headers["model.safetensors"] = {"X-Linked-ETag": etag, "ETag": etag}
    unpinned(monkeypatch)
    folder = weights.fetch("model")
    assert (folder / "model.safetensors").read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["hub"]
    assert not any("pwned" in str(path) for path in tmp_path.rglob("*"))


def test_a_name_of_the_hubs_own_for_the_file_is_ignored(monkeypatch, hub, tmp_path):
    hub.headers["model.safetensors"] = {"Content-Disposition": 'attachment; filename="../../pwned";'}
    unpinned(monkeypatch)
    assert [path.name for path in weights.fetch("model").iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("size", [len(BODY) - 1, len(BODY) + 1, 10**15])
def test_a_size_announced_unlike_the_pinned_one_stops_before_the_download(monkeypatch, hub, tmp_path, size):
    hub.headers["model.safetensors"] = {"X-Linked-Size": str(size)}
    listed(monkeypatch)
    refused(tmp_path, f"{size:,} bytes instead of {len(BODY):,}")
    assert hub.times_sent("model.safetensors") == 0


@pytest.mark.parametrize("size", ["-5", "many", ""])
def test_a_size_that_is_none_is_refused(monkeypatch, hub, tmp_path, size):
    hub.headers["model.safetensors"] = {"X-Linked-Size": size, "Content-Length": size}
    unpinned(monkeypatch)
    refused(tmp_path, "does not tell the size|cannot be reached")


def test_more_than_the_list_allows_is_refused(monkeypatch, hub, tmp_path):
    limited = weights_list.WeightFile("model.safetensors", size_bytes_at_most=len(BODY) - 1)
    unpinned(monkeypatch, files=(limited,))
    refused(tmp_path, "not at most 1,023,999")


def test_a_shorter_body_than_announced_is_refused(monkeypatch, hub, tmp_path):
    hub.bodies["model.safetensors"] = BODY[:-7]
    unpinned(monkeypatch)
    refused(tmp_path, "1,023,993 bytes instead of 1,024,000")


def test_a_longer_body_than_announced_is_refused(monkeypatch, hub, tmp_path):
    hub.bodies["model.safetensors"] = BODY + b"more"
    unpinned(monkeypatch)
    refused(tmp_path, "more than its 1,024,000 bytes")


def test_an_endless_body_is_left_after_what_was_announced(monkeypatch, hub, tmp_path):
    hub.endless = True
    unpinned(monkeypatch)
    refused(tmp_path, "more than its 1,024,000 bytes")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 10_000


def test_other_content_of_the_announced_size_is_refused(monkeypatch, hub, tmp_path):
    hub.bodies["model.safetensors"] = OTHER
    unpinned(monkeypatch)
    refused(tmp_path, "its sha256 differs")
    hub.bodies.clear()
    assert (weights.fetch("model") / "model.safetensors").read_bytes() == BODY


def test_a_page_instead_of_the_file_is_refused(monkeypatch, hub, tmp_path):
    page = b"<!doctype html><title>Please log in to this network</title>"
    hub.files["model.safetensors"] = page
    hub.announces_hashes = False
    listed(monkeypatch)
    refused(tmp_path, f"{len(page)} bytes instead of")
    hub.headers["model.safetensors"] = {"X-Repo-Commit": "", "Content-Type": "text/html"}
    unpinned(monkeypatch)
    hub.commit = ""
    refused(tmp_path, "does not tell the expected commit")


def test_the_token_does_not_follow_to_another_host(monkeypatch, hub, cache):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    listed(monkeypatch)
    with serve(FakeHub(dict(hub.files))) as other:
        hub.elsewhere = other.url
        weights.fetch("model")
    assert set(hub.tokens) == {"Bearer hf_secret"}
    assert other.times_sent("model.safetensors") == 1 and set(other.tokens) == {None}


def test_a_host_that_leads_in_circles_is_one_sentence(monkeypatch, hub, tmp_path):
    hub.elsewhere = hub.url
    listed(monkeypatch)
    refused(tmp_path, "cannot be reached")


def test_two_processes_at_once_download_each_file_once(hub, cache):
    hub.files["model.safetensors"] = BIG
    hub.hold = threading.Event()
    environment = {**os.environ, "HF_HUB_OFFLINE": "0", "PYTHONPATH": os.pathsep.join(sys.path)}

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", FETCH], env=environment, stdout=subprocess.PIPE, text=True
        )

    with start() as first, start() as second:
        try:
            said = {}
            for process in (first, second):  # one asks the hub, which makes it wait, the other finds the lock
                said[process] = process.stdout.readline()
            assert sorted(said.values()) == [
                "Asking some/model for model: model.safetensors\n",
                "Waiting for another download of model\n",
            ]
            hub.hold.set()
            ends = [process.communicate(timeout=120)[0].splitlines()[-1] for process in (first, second)]
        finally:
            hub.hold.set()
            first.kill()
            second.kill()
    assert ends == [hashlib.sha256(BIG).hexdigest()] * 2
    assert hub.times_sent("model.safetensors") == 1 and hub.ranges == []
    record = json.loads((cache / "textsketch" / "model.json").read_text())
    assert record["files"]["model.safetensors"]["sha256"] == ends[0]


def test_who_waits_for_another_download_can_be_cancelled(monkeypatch, hub):
    class StopError(Exception):
        pass

    def stop(fraction, message):
        if message.startswith("Waiting"):
            raise StopError

    entry = listed(monkeypatch)
    with cached.alone(entry, lambda: None), pytest.raises(StopError):
        weights.fetch("model", stop)
    weights.fetch("model", stop)
    assert weights.is_available("model")


class LeftError(Exception):
    """A visitor has pressed Cancel."""


def cancel_when_nothing_happens():
    """A progress that is cancelled when it has been told the same three times."""
    told = []

    def progress(fraction, message):
        told.append((fraction, message))
        if told[-3:] == [told[-1]] * 3:
            raise LeftError

    return progress


def test_who_cancels_is_heard_while_the_hub_does_not_answer(monkeypatch, hub):
    listed(monkeypatch)
    hub.mute = threading.Event()
    with pytest.raises(LeftError):
        weights.fetch("model", cancel_when_nothing_happens())
    hub.mute.set()
    assert weights.fetch("model").is_dir()


def test_who_cancels_a_download_that_stalls_is_heard_and_keeps_what_had_arrived(monkeypatch, hub):
    listed(monkeypatch)
    hub.hold, hub.holds_after = threading.Event(), 700_000
    with pytest.raises(LeftError):
        weights.fetch("model", cancel_when_nothing_happens())
    hub.hold.set()
    assert (weights.fetch("model") / "model.safetensors").read_bytes() == BODY
    assert hub.ranges == ["bytes=524288-"]


@pytest.mark.parametrize(
    "record",
    [
        "[]",
        "{",
        '{"repository": "some/model", "commit": "../../../pwned", "files": {}}',
        '{"repository": "some/model", "commit": 5, "files": {}}',
        json.dumps({"repository": "some/model", "commit": COMMIT, "files": {"model.safetensors": 3}}),
        json.dumps({"repository": "other/model", "commit": COMMIT, "files": {}}),
    ],
)
def test_a_record_that_makes_no_sense_counts_as_none(monkeypatch, hub, cache, record):
    unpinned(monkeypatch)
    (cache / "textsketch").mkdir(parents=True)
    (cache / "textsketch" / "model.json").write_text(record)
    assert "not downloaded" in weights.verify("model").unavailable
    assert weights.fetch("model").name == COMMIT


def test_fetch_mends_what_was_damaged_even_where_size_and_time_stayed(monkeypatch, hub):
    unpinned(monkeypatch)
    path = weights.fetch("model") / "model.safetensors"
    stat = path.stat()
    path.write_bytes(OTHER)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "sha256 differs" in weights.verify("model").unavailable
    weights.fetch("model")
    assert path.read_bytes() == BODY
    assert weights.verify("model").unavailable is None


def test_a_cache_that_cannot_be_written_is_hashed_once_a_process(monkeypatch, hub, cache):
    listed(monkeypatch)
    weights.fetch("model")
    (cache / "textsketch" / "model.json").unlink()
    cached._hashes.clear()

    def refuse(*args):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(cached, "_record", refuse)
    read = []
    real = cached.sha256_of
    monkeypatch.setattr(cached, "sha256_of", lambda path, *seen: read.append(path.name) or real(path, *seen))
    for _ in range(3):
        weights.resolve("model")
        assert weights.unavailable("The model", ["model"]) is None
    assert sorted(read) == ["config.json", "model.safetensors"]
    (weights.resolve("model") / "config.json").write_bytes(b"[]")
    weights.resolve("model")
    assert sorted(read) == ["config.json", "config.json", "model.safetensors"]


def test_a_file_that_cannot_be_read_is_one_sentence(monkeypatch, hub):
    listed(monkeypatch)
    folder = weights.fetch("model")

    def refuse(path, *args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cached, "sha256_of", refuse)
    (folder / "config.json").write_bytes(b"[]")
    with pytest.raises(WeightsError, match=r"config\.json cannot be read \(Permission denied\)"):
        weights.resolve("model")

"""Talks to the hub: what it has of a file, and the file itself, with errors in one sentence each.

A hub is a stranger. Of its answers only a commit of 40 hexadecimal digits is ever used in a path, and no more
bytes are taken than it announced. Therefore the parts of `hf_hub_download` are used and not that function: it
stores a file under whatever name the answer's ETag gives, takes a body of any length, and begins a broken
download anew.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from textsketch.errors import WeightsError
from textsketch.models.cache import COMMIT, SHA256, expected_sha256, sha256_of
from textsketch.models.weights_list import Entry, WeightFile

Told = TypeVar("Told")
_PATIENCE_S = 10  # for the answer to a question about a file
_BEAT_S = 0.25
_BLOCK_BYTES = 2**18
"""Written at once: less than that is lost where a download is broken off."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub announces it.

    path: below the entry's subfolder. sha256: the pinned, recorded or announced one; None for small files that
    are downloaded for the first time, which the hub does not name by their hash.
    """

    path: str
    commit: str
    size_bytes: int
    sha256: str | None


def announced(
    wanted: Entry, file: WeightFile, commit: str | None, waiting: Callable[[], None] = lambda: None
) -> RemoteFile:
    """What the hub has of `file` at `commit`, None for the newest; its first name that is there.

    waiting: is called again and again until the hub answers; what it raises ends the work. Raises WeightsError
    where that is another commit, size or hash than the pinned or recorded one.
    """
    if wanted.torch_hub:
        size_bytes = file.size_bytes or _heard(lambda: _size_at(wanted, file.path), waiting)
        size_bytes = _checked_size(wanted, file, size_bytes)
        return RemoteFile(file.path, "", size_bytes, expected_sha256(wanted, file, file.path))
    from huggingface_hub import get_hf_file_metadata
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for name in file.names:
        with one_sentence(wanted):
            try:
                url = _url(wanted, name, commit or "main")
                found = _heard(partial(get_hf_file_metadata, url, endpoint=_endpoint()), waiting)
            except RemoteEntryNotFoundError:
                continue
        told = found.commit_hash or ""
        if not COMMIT.fullmatch(told) or told != (commit or told):
            raise WeightsError(f"{wanted.repository} does not tell the expected commit; nothing fetched.")
        size_bytes = _checked_size(wanted, file, found.size)
        told_sha256 = found.etag if SHA256.fullmatch(found.etag or "") else None
        sha256 = expected_sha256(wanted, file, name) or told_sha256
        if not (told_sha256 or sha256 or "").startswith(sha256 or ""):
            raise _another(wanted, name, "its sha256 differs")
        return RemoteFile(name, told, size_bytes, sha256)
    raise WeightsError(f"{wanted.repository} does not have the file {file.path} that {wanted.name} needs.")


def download(wanted: Entry, remote: RemoteFile, growing: Path, received: Callable[[int], None]) -> str:
    """Download a file to `growing`, going on where an earlier call stopped; its sha256.

    received: is called with the bytes that are there, again and again, whether or not more arrive, and while
    they are checked; what it raises ends the work. Raises WeightsError, and keeps nothing, if the file is not
    the announced one.
    """
    from huggingface_hub import constants
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers
    from tqdm import tqdm

    constants.DOWNLOAD_CHUNK_SIZE = _BLOCK_BYTES
    here = [growing.stat().st_size if growing.exists() else 0]

    class Bar(tqdm):
        """Counts the bytes, draws nothing, and takes no more of them than were announced."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(disable=True)
            here[0] = int(kwargs.get("initial") or 0)  # type: ignore[call-overload]
            self.update(0)

        def update(self, count: float | None = 1) -> None:
            here[0] += int(count or 0)
            if here[0] > remote.size_bytes:
                growing.unlink(missing_ok=True)
                raise _another(wanted, remote.path, f"more than its {remote.size_bytes:,} bytes")

    with one_sentence(wanted):
        growing.parent.mkdir(parents=True, exist_ok=True)
        if growing.exists() and (remote.sha256 is None or growing.stat().st_size > remote.size_bytes):
            growing.unlink()  # a sum of two downloads has to be checked
            here[0] = 0
        received(here[0])
        with growing.open("ab") as stream:  # closed here, so that a thread left alone writes no more
            if stream.tell() < remote.size_bytes:
                get = partial(
                    http_get,
                    _url(wanted, remote.path, remote.commit),
                    stream,
                    resume_size=stream.tell(),
                    # The client takes the token off where it is led to another host.
                    headers=None if wanted.torch_hub else build_hf_headers(),
                    tqdm_class=Bar,
                )
                _heard(get, lambda: received(here[0]))
        size_bytes = growing.stat().st_size
        if size_bytes != remote.size_bytes:
            growing.unlink()
            raise _another(wanted, remote.path, f"{size_bytes:,} bytes instead of {remote.size_bytes:,}")
        found = sha256_of(growing, lambda: received(remote.size_bytes))
    if not found.startswith(remote.sha256 or ""):
        growing.unlink()
        raise _another(wanted, remote.path, "its sha256 differs")
    return found


def _heard(work: Callable[[], Told], waiting: Callable[[], None]) -> Told:
    """What `work` gives or raises. Meanwhile `waiting` is called; what it raises leaves the work alone.

    The client waits for a silent hub for ten seconds, and for a download for a minute.
    """
    told: list[Told] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            told.append(work())
        except BaseException as error:  # handed to the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True, name="textsketch-download")
    thread.start()
    while thread.is_alive():
        thread.join(_BEAT_S)
        waiting()
    for error in failed:
        raise error
    return told[0]


@contextlib.contextmanager
def one_sentence(wanted: Entry) -> Iterator[None]:
    """Turn what huggingface_hub and the disk raise into one WeightsError; let everything else through."""
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:
        sentence = _sentence(wanted, error)
        if sentence is None:
            raise
        raise WeightsError(sentence) from error


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def _url(wanted: Entry, path: str, revision: str) -> str:
    if wanted.torch_hub:
        return f"{wanted.repository}/{path}"
    from huggingface_hub import hf_hub_url

    return hf_hub_url(wanted.repository, wanted.remote_path(path), revision=revision, endpoint=_endpoint())


def _checked_size(wanted: Entry, file: WeightFile, size_bytes: int | None) -> int:
    if size_bytes is None or size_bytes < 0:
        raise WeightsError(f"{wanted.repository} does not tell the size of {file.path}; nothing fetched.")
    if size_bytes != (file.size_bytes or size_bytes):
        raise _another(wanted, file.path, f"{size_bytes:,} bytes instead of {file.size_bytes:,}")
    if file.size_bytes_at_most is not None and size_bytes > file.size_bytes_at_most:
        raise _another(wanted, file.path, f"{size_bytes:,} bytes and not at most {file.size_bytes_at_most:,}")
    return size_bytes


def _size_at(wanted: Entry, path: str) -> int | None:
    """The size that the address of a file outside the hub tells."""
    from huggingface_hub.utils import get_session, hf_raise_for_status

    with one_sentence(wanted):
        answer = get_session().head(_url(wanted, path, ""), follow_redirects=True, timeout=_PATIENCE_S)
        hf_raise_for_status(answer)
        told = answer.headers.get("Content-Length", "")
        return int(told) if told.isascii() and told.isdigit() else None


def _another(wanted: Entry, path: str, how: str) -> WeightsError:
    return WeightsError(f"{wanted.repository} offers another {path} than the pinned one: {how}; not kept.")


def _sentence(wanted: Entry, error: Exception) -> str | None:
    from huggingface_hub import errors as hub

    where = wanted.repository
    if isinstance(error, hub.GatedRepoError):
        return f"{where} is gated: accept its terms on the hub and log in with `hf auth login`."
    if isinstance(error, hub.RepositoryNotFoundError):
        return f"{where} is not on the hub any more, or may not be read without logging in."
    if isinstance(error, hub.RevisionNotFoundError):
        return f"{where} has no commit {wanted.commit} any more."
    if isinstance(error, hub.LocalEntryNotFoundError | hub.OfflineModeIsEnabled):
        return f"{where} cannot be reached: this machine is offline or the hub does not answer."
    if isinstance(error, hub.EntryNotFoundError):
        return f"{where} lacks a file that {wanted.name} needs."
    if isinstance(error, hub.HfHubHTTPError):
        status = getattr(error.response, "status_code", "an error")
        return f"The hub refused {where} ({status})."
    module = type(error).__module__.split(".")[0]
    if module in ("httpx", "httpx2", "httpcore", "requests", "urllib3") or isinstance(error, ConnectionError):
        return f"{where} cannot be reached: this machine is offline or the hub does not answer."
    told = " ".join(str(error)[:200].split()).rstrip(".")
    if isinstance(error, OSError):
        return f"The download of {wanted.name} stopped: {told}."
    if isinstance(error, ValueError):
        return f"The hub's answer for {where} makes no sense: {told}."
    return None

"""Talks to the hub: what a repository holds, and its files, with errors in one sentence each."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from textsketch.errors import WeightsError
from textsketch.models.weights_list import Entry


@dataclass(frozen=True)
class RemoteFile:
    """A file as the repository has it: path below the entry's subfolder."""

    path: str
    size_bytes: int


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def remote_files(wanted: Entry, commit: str | None) -> list[RemoteFile]:
    """What the hub has of the entry's files at `commit`, None for the newest.

    Refuses a hash that differs before anything is downloaded.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    asked = [wanted.remote_path(name) for file in wanted.files for name in file.names]
    with _errors(wanted):
        infos = HfApi(endpoint=_endpoint()).get_paths_info(
            wanted.repository, asked, revision=commit or "main"
        )
    found = {info.path: info for info in infos if isinstance(info, RepoFile)}
    files = []
    for file in wanted.files:
        name = next((name for name in file.names if wanted.remote_path(name) in found), None)
        if name is None:
            raise WeightsError(
                f"{wanted.repository} does not have the file {file.path} that {wanted.name} needs."
            )
        info = found[wanted.remote_path(name)]
        announced = info.lfs.sha256 if info.lfs else None
        if file.sha256 and announced and announced != file.sha256:
            raise WeightsError(
                f"{wanted.repository} offers another {file.path} than the pinned one; nothing fetched."
            )
        files.append(RemoteFile(name, info.size))
    return files


def newest_commit(wanted: Entry) -> str:
    """The commit the repository's main branch is at."""
    from huggingface_hub import HfApi

    with _errors(wanted):
        commit = HfApi(endpoint=_endpoint()).model_info(wanted.repository, revision="main").sha
    if commit is None:
        raise WeightsError(f"{wanted.repository} does not tell its commit; nothing fetched.")
    return commit


def download(wanted: Entry, path: str, commit: str, partial: Path, received: Callable[[int], None]) -> None:
    """Download one file to `partial`, going on where an earlier call stopped, and check it.

    received: is called with the bytes that are there.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers
    from tqdm import tqdm

    class Bar(tqdm):
        """Passes the bytes on to `received` and draws nothing."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})
            self.bytes_done = int(kwargs.get("initial") or 0)  # type: ignore[call-overload]
            self.update(0)

        def update(self, count: float | None = 1) -> None:
            self.bytes_done += int(count or 0)
            received(self.bytes_done)

    with _errors(wanted):
        url = hf_hub_url(wanted.repository, wanted.remote_path(path), revision=commit, endpoint=_endpoint())
        metadata = get_hf_file_metadata(url, endpoint=_endpoint())
        same_host = urlparse(metadata.location).netloc == urlparse(url).netloc
        partial.parent.mkdir(parents=True, exist_ok=True)
        if partial.exists() and metadata.size is not None and partial.stat().st_size > metadata.size:
            partial.unlink()
        with partial.open("ab") as stream:
            http_get(
                metadata.location,
                stream,
                resume_size=stream.tell(),
                expected_size=metadata.size,
                # A signed address of another host must not get the hub's token.
                headers=build_hf_headers() if same_host else None,
                tqdm_class=Bar,
            )
    pinned = next(file.sha256 for file in wanted.files if path in file.names)
    if pinned is not None and sha256_of(partial) != pinned:
        partial.unlink()
        raise WeightsError(
            f"{wanted.repository} sent another {path} than the pinned one: its sha256 differs."
        )


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def _errors(wanted: Entry) -> Iterator[None]:
    """Turn what huggingface_hub raises into one WeightsError sentence; let everything else through."""
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:
        sentence = _sentence(wanted, error)
        if sentence is None:
            raise
        raise WeightsError(sentence) from error


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
    if isinstance(error, OSError):
        return f"The download of {wanted.name} stopped: {error}."
    return None

"""Finds, downloads and checks the pretrained weights that `weights.yaml` lists, and no others.

A weight is a folder of files. It comes from a local folder ($TEXTSKETCH_WEIGHTS/<name>, for people who
have the files already) or from the huggingface_hub cache. Whatever was downloaded is remembered with its
commit and sha256, so that a file that changes later is noticed whether or not a hash was known before.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from textsketch.errors import WeightsError

Progress = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and what is going on; an exception it raises cancels the work."""

LOCAL_FOLDER_VARIABLE = "TEXTSKETCH_WEIGHTS"
_SPARE_BYTES = 200_000_000  # left free on the disk after a download


@dataclass(frozen=True)
class WeightFile:
    """One file of an entry. size_bytes and sha256 are None where no public source confirms them."""

    path: str
    alternative: str | None = None
    size_bytes: int | None = None
    size_bytes_at_most: int | None = None
    sha256: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names the file may have, the preferred one first."""
        return (self.path,) if self.alternative is None else (self.path, self.alternative)


@dataclass(frozen=True)
class Entry:
    """One model of weights.yaml. commit is None where it is settled by the first download."""

    name: str
    role: str
    repository: str
    commit: str | None
    commit_confirmed: bool
    licence: str
    used_by: tuple[str, ...]
    local: tuple[str, ...]
    files: tuple[WeightFile, ...]
    subfolder: str = ""
    model: str = ""
    tag: str = ""

    @property
    def size_bytes(self) -> int:
        """Bytes to download, at most, as far as sizes are known."""
        return sum(file.size_bytes or file.size_bytes_at_most or 0 for file in self.files)


@dataclass(frozen=True)
class Check:
    """What `verify` found. problem is None if every file is there and is the expected one."""

    name: str
    folder: Path | None
    problem: str | None


def entries() -> dict[str, Entry]:
    """Every entry of weights.yaml by name, in its order."""
    return dict(_read_list(str(_list_path())))


def entry(name: str) -> Entry:
    """The entry called `name`. Raises WeightsError if there is none."""
    found = entries().get(name)
    if found is None:
        raise WeightsError(f"There are no weights called {name!r}; known are {', '.join(entries())}.")
    return found


def resolve(name: str) -> Path:
    """The folder that holds the files of `name`, complete and unchanged.

    Raises WeightsError, naming the command that helps, if a file is missing, cut short or not the pinned one.
    """
    wanted = entry(name)
    folder = _local_folder(wanted)
    if folder is not None:
        return folder
    paths = _cached_paths(wanted)
    if paths is None:
        raise WeightsError(
            f"The weights {name!r} ({wanted.role}) are not here; "
            f"`textsketch weights fetch {name}` downloads them{_size_note(wanted)}."
        )
    _check_cached(wanted, paths, read_all=False)
    return _folder_of(paths)


def is_available(name: str) -> bool:
    """Whether `resolve(name)` would give a folder."""
    try:
        resolve(name)
    except WeightsError:
        return False
    return True


def why_not(subject: str, names: Sequence[str], modules: Sequence[str] = ()) -> str | None:
    """The sentence that says what `subject` lacks here and which command helps, or None if nothing.

    names: the weights it needs. modules: the libraries it needs, by the names they are imported by. Imports
    no library and reads no weights but those not seen before, whose hash is checked.
    """
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    if absent:
        return f"{subject} needs {', '.join(absent)}: pip install -r requirements.txt."
    wanted = [entry(name) for name in names]
    lacking = [one for one in wanted if _local_folder(one) is None and _cached_paths(one) is None]
    if lacking:
        size = sum(one.size_bytes for one in lacking)
        commands = " && ".join(f"textsketch weights fetch {one.name}" for one in lacking)
        return f"{subject} needs {', '.join(one.name for one in lacking)} ({size / 1e9:.1f} GB): {commands}."
    try:
        for name in names:
            resolve(name)
    except WeightsError as error:  # damaged
        return str(error)
    return None


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Download what is missing of `name` into the huggingface_hub cache, check it and return its folder.

    A download that was broken off goes on where it stopped. Raises WeightsError, in one sentence, when
    offline, refused, gated, out of disk space, or when a file is not the pinned one.
    """
    wanted = entry(name)
    folder = _local_folder(wanted)
    if folder is not None:
        return folder
    report = progress or (lambda fraction, message: None)
    report(0.0, f"Asking {wanted.repository} for {name}")
    with _hub_errors(wanted):
        remote = _remote_files(wanted)
    commit = _pinned_commit(wanted) or _remote_commit(wanted)
    absent = [file for file in remote if _cached_path(wanted, file.path, commit) is None]
    needed = sum(file.size_bytes for file in absent)
    _check_disk_space(wanted, needed)
    done = 0
    for file in absent:
        with _hub_errors(wanted):
            _download(wanted, file.path, commit, report, done, needed)
        done += file.size_bytes
    paths = {file.path: _cached_path(wanted, file.path, commit) for file in remote}
    _check_cached(wanted, {path: found for path, found in paths.items() if found}, commit, read_all=True)
    report(1.0, f"{name} is here")
    return _folder_of({path: found for path, found in paths.items() if found})


def verify(name: str) -> Check:
    """Read every file of `name` again and compare its size and sha256 with the pinned or recorded ones.

    A local folder that stands in is checked for completeness only: its files are its owner's choice.
    """
    wanted = entry(name)
    folder = _local_folder(wanted)
    if folder is not None:
        return Check(name, folder, None)
    paths = _cached_paths(wanted)
    if paths is None:
        return Check(
            name, None, f"not downloaded; `textsketch weights fetch {name}` does it{_size_note(wanted)}"
        )
    try:
        _check_cached(wanted, paths, read_all=True)
    except WeightsError as error:
        return Check(name, _folder_of(paths), str(error))
    return Check(name, _folder_of(paths), None)


def preload_lines(names: Iterable[str]) -> list[str]:
    """The `preload_from_hub` lines of a Space that needs `names`: "repository file,file commit"."""
    lines = []
    for wanted in (entry(name) for name in names):
        files = ",".join(_remote_path(wanted, file.path) for file in wanted.files)
        lines.append(" ".join(part for part in (wanted.repository, files, wanted.commit) if part))
    return lines


# --- weights.yaml -------------------------------------------------------------------------------------


def _list_path() -> Path:
    beside_package = Path(__file__).resolve().parent.parent / "weights.yaml"
    return beside_package if beside_package.exists() else Path(sys.prefix) / "share/textsketch/weights.yaml"


@functools.cache
def _read_list(path: str) -> dict[str, Entry]:
    import yaml

    found = {}
    for name, fields in yaml.safe_load(Path(path).read_text("utf-8")).items():
        found[name] = Entry(
            name=name,
            role=fields["role"],
            repository=fields["repository"],
            commit=fields["commit"],
            commit_confirmed=fields["commit_status"] == "confirmed",
            licence=fields["licence"],
            used_by=tuple(fields["used_by"]),
            local=tuple(fields["local"]),
            files=tuple(
                WeightFile(
                    file["path"],
                    file.get("or"),
                    file.get("size_bytes"),
                    file.get("size_bytes_at_most"),
                    file.get("sha256"),
                )
                for file in fields["files"]
            ),
            subfolder=fields.get("subfolder", ""),
            model=fields.get("model", ""),
            tag=fields.get("tag", ""),
        )
    return found


def _remote_path(wanted: Entry, path: str) -> str:
    return f"{wanted.subfolder}/{path}" if wanted.subfolder else path


def _size_note(wanted: Entry) -> str:
    return f" ({wanted.size_bytes / 1e6:,.0f} MB)" if wanted.size_bytes else ""


# --- local folders and the cache ----------------------------------------------------------------------


def _local_folder(wanted: Entry) -> Path | None:
    root = os.environ.get(LOCAL_FOLDER_VARIABLE)
    for name in wanted.local if root else ():
        folder = Path(root or "") / name
        if all(any((folder / path).is_file() for path in file.names) for file in wanted.files):
            return folder
    return None


def _cache_folder() -> Path:
    from huggingface_hub import constants

    return Path(os.environ.get("HF_HUB_CACHE", constants.HF_HUB_CACHE))


def _snapshot_path(wanted: Entry, path: str, commit: str) -> Path:
    # The layout of huggingface_hub's cache, where plain files serve as well as links to blobs.
    folder = "models--" + wanted.repository.replace("/", "--")
    return _cache_folder() / folder / "snapshots" / commit / _remote_path(wanted, path)


def _cached_path(wanted: Entry, path: str, commit: str | None) -> Path | None:
    if commit is None:
        return None
    found = _snapshot_path(wanted, path, commit)
    return found if found.is_file() else None


def _cached_paths(wanted: Entry) -> dict[str, Path] | None:
    commit = _pinned_commit(wanted)
    paths = {}
    for file in wanted.files:
        for name in file.names:
            found = _cached_path(wanted, name, commit)
            if found is not None:
                paths[name] = found
                break
        else:
            return None
    return paths


def _folder_of(paths: dict[str, Path]) -> Path:
    name, path = next(iter(paths.items()))
    return path.parents[name.count("/")]


# --- what was downloaded, remembered --------------------------------------------------------------------


def _record_path(wanted: Entry) -> Path:
    return _cache_folder() / "textsketch" / f"{wanted.name}.json"


def _read_record(wanted: Entry) -> dict:
    try:
        record = json.loads(_record_path(wanted).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if record.get("repository") == wanted.repository else {}


def _pinned_commit(wanted: Entry) -> str | None:
    return wanted.commit or _read_record(wanted).get("commit")


def _check_cached(
    wanted: Entry, paths: dict[str, Path], commit: str | None = None, *, read_all: bool
) -> None:
    """Raise WeightsError unless every file has its pinned or recorded size and hash; record new ones.

    A file with the recorded size and modification time is not read again unless read_all is True.
    """
    record = _read_record(wanted)
    known = record.get("files", {})
    commit = commit or _pinned_commit(wanted)
    seen = {}
    for file in wanted.files:
        name = next((name for name in file.names if name in paths), None)
        if name is None:
            raise WeightsError(
                f"{wanted.name}: {file.path} is missing; `textsketch weights fetch {wanted.name}`."
            )
        path = paths[name]
        stat = path.stat()
        before = known.get(name, {})
        unchanged = before.get("size_bytes") == stat.st_size and before.get("modified_ns") == stat.st_mtime_ns
        sha256 = before["sha256"] if unchanged and not read_all else None
        if file.size_bytes is not None and stat.st_size != file.size_bytes:
            raise _damaged(wanted, path, f"has {stat.st_size:,} bytes instead of {file.size_bytes:,}")
        sha256 = sha256 or _sha256(path)
        expected = file.sha256 or before.get("sha256")
        if expected is not None and sha256 != expected:
            raise _damaged(wanted, path, "is not the pinned file (its sha256 differs)")
        seen[name] = {"size_bytes": stat.st_size, "modified_ns": stat.st_mtime_ns, "sha256": sha256}
    fresh = {"repository": wanted.repository, "commit": commit, "files": seen}
    if fresh != record:
        _write_record(wanted, fresh)


def _write_record(wanted: Entry, record: dict) -> None:
    path = _record_path(wanted)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(record, indent=1), "utf-8")
        scratch.replace(path)
    except OSError as error:
        if wanted.commit is None:  # without a record such a file could never be found again
            raise WeightsError(
                f"The record of {wanted.name} cannot be written to {path}: {error}."
            ) from error


def _damaged(wanted: Entry, path: Path, what: str) -> WeightsError:
    return WeightsError(
        f"{wanted.name}: {path} {what}; delete it and run `textsketch weights fetch {wanted.name}` again."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# --- the hub ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _RemoteFile:
    path: str
    size_bytes: int


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def _remote_files(wanted: Entry) -> list[_RemoteFile]:
    """What the hub has of the entry's files; refuses a hash that differs before anything is downloaded."""
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    api = HfApi(endpoint=_endpoint())
    asked = [_remote_path(wanted, name) for file in wanted.files for name in file.names]
    infos = api.get_paths_info(wanted.repository, asked, revision=_pinned_commit(wanted) or "main")
    found = {info.path: info for info in infos if isinstance(info, RepoFile)}
    files = []
    for file in wanted.files:
        name = next((name for name in file.names if _remote_path(wanted, name) in found), None)
        if name is None:
            raise WeightsError(
                f"{wanted.repository} does not have the file {file.path} that {wanted.name} needs."
            )
        info = found[_remote_path(wanted, name)]
        announced = info.lfs.sha256 if info.lfs else None
        if file.sha256 and announced and announced != file.sha256:
            raise WeightsError(
                f"{wanted.repository} offers another {file.path} than the pinned one; nothing fetched."
            )
        files.append(_RemoteFile(name, info.size))
    return files


def _remote_commit(wanted: Entry) -> str:
    from huggingface_hub import HfApi

    with _hub_errors(wanted):
        commit = HfApi(endpoint=_endpoint()).model_info(wanted.repository, revision="main").sha
    if commit is None:
        raise WeightsError(f"{wanted.repository} does not tell its commit; nothing fetched.")
    return commit


def _download(
    wanted: Entry, path: str, commit: str, report: Progress, done_bytes: int, needed_bytes: int
) -> None:
    """Download one file to a partial file that a later call continues, check it and put it into the cache."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers
    from tqdm import tqdm

    class Bar(tqdm):
        """Passes the bytes on to `report` and draws nothing."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})
            self.bytes_done = int(kwargs.get("initial") or 0)  # type: ignore[call-overload]
            self.update(0)

        def update(self, count: float | None = 1) -> None:
            self.bytes_done += int(count or 0)
            fraction = (done_bytes + self.bytes_done) / max(needed_bytes, 1)
            report(min(fraction, 0.99), f"Downloading {wanted.name}: {path}")

    url = hf_hub_url(wanted.repository, _remote_path(wanted, path), revision=commit, endpoint=_endpoint())
    metadata = get_hf_file_metadata(url, endpoint=_endpoint())
    same_host = urlparse(metadata.location).netloc == urlparse(url).netloc
    partial = _cache_folder() / "textsketch" / "partial" / f"{commit}-{path.replace('/', '-')}"
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
    if pinned is not None and _sha256(partial) != pinned:
        partial.unlink()
        raise WeightsError(
            f"{wanted.repository} sent another {path} than the pinned one: its sha256 differs."
        )
    target = _snapshot_path(wanted, path, commit)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial.replace(target)


def _check_disk_space(wanted: Entry, needed_bytes: int) -> None:
    folder = _cache_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed_bytes and free < needed_bytes + _SPARE_BYTES:
        raise WeightsError(
            f"{wanted.name} needs {needed_bytes / 1e6:,.0f} MB "
            f"but only {free / 1e6:,.0f} MB are free at {folder}."
        )


@contextlib.contextmanager
def _hub_errors(wanted: Entry) -> Iterator[None]:
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

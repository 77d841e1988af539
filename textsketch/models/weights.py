"""Finds, downloads and checks the pretrained weights that `weights.yaml` lists, and no others.

A weight is a folder of files. It comes from a local folder ($TEXTSKETCH_WEIGHTS/<name>, for people who
have the files already) or from the huggingface_hub cache. Whatever was downloaded is remembered with its
commit and sha256, so that a file that changes later is noticed whether or not a hash was known before.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textsketch.errors import WeightsError
from textsketch.models import hub as weights_hub
from textsketch.models.hub import sha256_of
from textsketch.models.weights_list import Entry, list_path, read_list

Progress = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and what is going on; an exception it raises cancels the work."""

LOCAL_FOLDER_VARIABLE = "TEXTSKETCH_WEIGHTS"
_SPARE_BYTES = 200_000_000  # left free on the disk after a download


@dataclass(frozen=True)
class Check:
    """What `verify` found. problem is None if every file is there and is the expected one."""

    name: str
    folder: Path | None
    problem: str | None


def entries() -> dict[str, Entry]:
    """Every entry of weights.yaml by name, in its order."""
    return dict(read_list(str(list_path())))


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
        return f"{subject} needs {', '.join(one.name for one in lacking)} ({_readable(size)}): {commands}."
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
    remote = weights_hub.remote_files(wanted, _pinned_commit(wanted))
    commit = _pinned_commit(wanted) or weights_hub.newest_commit(wanted)
    absent = [file for file in remote if _cached_path(wanted, file.path, commit) is None]
    needed = sum(file.size_bytes for file in absent)
    _check_disk_space(wanted, needed)
    done = 0
    for file in absent:

        def received(size_bytes: int, path: str = file.path, before: int = done) -> None:
            fraction = (before + size_bytes) / max(needed, 1)
            report(min(fraction, 0.99), f"Downloading {name}: {path}")

        partial = _cache_folder() / "textsketch" / "partial" / f"{commit}-{file.path.replace('/', '-')}"
        weights_hub.download(wanted, file.path, commit, partial, received)
        target = _snapshot_path(wanted, file.path, commit)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(target)
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
        files = ",".join(wanted.remote_path(file.path) for file in wanted.files)
        lines.append(" ".join(part for part in (wanted.repository, files, wanted.commit) if part))
    return lines


def _size_note(wanted: Entry) -> str:
    return f" ({_readable(wanted.size_bytes)})" if wanted.size_bytes else ""


def _readable(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{max(size_bytes / 1e6, 1):,.0f} MB"


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
    return _cache_folder() / folder / "snapshots" / commit / wanted.remote_path(path)


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
        sha256 = sha256 or sha256_of(path)
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

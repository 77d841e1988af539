"""Finds, downloads and checks the pretrained weights that `weights.yaml` lists, and no others.

A weight is a folder of files. It comes from a local folder ($TEXTSKETCH_WEIGHTS/<name>, for people who
have the files already) or from the huggingface_hub cache. Whatever was downloaded is remembered with its
commit and sha256, so that a file that changes later is noticed whether or not a hash was known before.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textsketch.errors import WeightsError
from textsketch.models import cache, hub
from textsketch.models.cache import LOCAL_FOLDER_VARIABLE as LOCAL_FOLDER_VARIABLE
from textsketch.models.weights_list import Entry, WeightFile, list_path, read_list
from textsketch.progress import Progress, ignore, share, with_speed

_PACKAGES = {
    "DISTS_pytorch": "dists-pytorch",
    "lpips": "lpips",
    "pillow_jxl": "pillow-jxl-plugin",
    "piq": "piq",
    "pyiqa": "pyiqa",
    "pytorch_msssim": "pytorch-msssim",
}
"""What to install for a library that requirements.txt does not list, by the name it is imported by."""


@dataclass(frozen=True)
class Check:
    """What `verify` found. unavailable is None if every file is there and is the expected one."""

    name: str
    folder: Path | None
    unavailable: str | None


def entries() -> dict[str, Entry]:
    """Every entry of weights.yaml by name, in its order."""
    return dict(read_list(str(list_path())))


def entry(name: str) -> Entry:
    """The entry called `name`. Raises WeightsError if there is none."""
    found = entries().get(name)
    if found is None:
        raise WeightsError(f"There are no weights called {name!r}; known are {', '.join(entries())}.")
    return found


def group(name: str) -> tuple[str, ...]:
    """The entries that `name` stands for: all that a profile or feature needs, or else the entry of this name.

    A profile may be called like the largest of its entries. Raises WeightsError if it is neither.
    """
    known = entries()
    found = tuple(one.name for one in known.values() if name in one.used_by)
    if not found and name in known:
        return (name,)
    if not found:
        users = dict.fromkeys(user for one in known.values() for user in one.used_by if user not in known)
        raise WeightsError(
            f"There are no weights called {name!r}; known are {', '.join(known)}, "
            f"and all that one of these needs: {', '.join(users)}."
        )
    return found


def resolve(name: str) -> Path:
    """The folder that holds the files of `name`, complete and unchanged.

    Raises WeightsError, naming the command that helps, if a file is missing, cut short or not the pinned one.
    """
    wanted = entry(name)
    folder = cache.local_folder(wanted)
    if folder is not None:
        return folder
    paths = cache.find_all(wanted)
    if paths is None:
        raise WeightsError(
            f"The weights {name!r} ({wanted.role}) are not here; "
            f"`textsketch weights fetch {name}` downloads them{_size_note(wanted)}."
        )
    for file in wanted.files:
        cache.check(wanted, file)
    return _folder_of(paths)


def places() -> tuple[str | None, ...]:
    """Where weights are looked for: changes when they are looked for elsewhere."""
    return os.environ.get(LOCAL_FOLDER_VARIABLE), os.environ.get("HF_HUB_CACHE")


def is_available(name: str) -> bool:
    """Whether `resolve(name)` would give a folder."""
    try:
        resolve(name)
    except WeightsError:
        return False
    return True


def unavailable(subject: str, names: Sequence[str] = (), modules: Sequence[str] = ()) -> str | None:
    """The sentence that says what `subject` lacks here and which command helps, or None if nothing.

    names: the weights it needs. modules: the libraries it needs, by the names they are imported by. Imports
    no library and reads no weights but those not seen before, whose hash is checked.
    """
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    if absent:
        packages = [_PACKAGES.get(module, "-r requirements.txt") for module in absent]
        return f"{subject} needs {', '.join(absent)}: pip install {' '.join(dict.fromkeys(packages))}."
    wanted = [entry(name) for name in names]
    lacking = [one for one in wanted if cache.local_folder(one) is None and cache.find_all(one) is None]
    if lacking:
        size = sum(one.size_bytes for one in lacking)
        # A profile that lacks several fetches them by its own name.
        together = len(lacking) > 1 and all(subject in one.used_by for one in lacking)
        asked = [subject] if together else [one.name for one in lacking]
        commands = " && ".join(f"textsketch weights fetch {name}" for name in asked)
        return f"{subject} needs {', '.join(one.name for one in lacking)} ({readable(size)}): {commands}."
    try:
        for name in names:
            resolve(name)
    except WeightsError as error:  # damaged
        return str(error)
    return None


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Download what is missing or damaged of `name` into the huggingface_hub cache and return its folder.

    A download that was broken off goes on where it stopped. One process at a time downloads a weight; the
    others wait and use what it got. Raises WeightsError, in one sentence, when offline, refused, gated, out of
    disk space, or when a file is not the pinned one.
    """
    wanted = entry(name)
    report = progress or ignore
    if cache.local_folder(wanted) is None and _lacking(wanted, report, reread=True):
        with (
            hub.one_sentence(wanted),
            cache.alone(wanted, lambda: report(0.0, f"Waiting for another download of {name}")),
        ):
            _download(wanted, _lacking(wanted, report), report)
    report(1.0, f"{name} is here")
    return resolve(name)


def fetch_group(name: str, progress: Progress | None = None) -> dict[str, Path]:
    """`fetch` every entry of `group(name)`; their folders by name.

    progress goes by the sizes of what is not here yet, and tells them with speed and time left.
    """
    names = group(name)
    sizes = [1 if is_available(one) else max(entry(one).size_bytes, 1) for one in names]
    report = with_speed(progress or ignore, sum(sizes))
    folders, done = {}, 0
    for one, size in zip(names, sizes, strict=True):
        part = share(report, done / sum(sizes), (done + size) / sum(sizes))
        folders[one] = fetch(one, part)
        done += size
    return folders


def verify(name: str) -> Check:
    """Read every file of `name` again and compare its size and sha256 with the pinned or recorded ones.

    A local folder that stands in is checked for completeness only: its files are its owner's choice.
    """
    wanted = entry(name)
    folder = cache.local_folder(wanted)
    if folder is not None:
        return Check(name, folder, None)
    paths = cache.find_all(wanted)
    if paths is None:
        return Check(
            name, None, f"not downloaded; `textsketch weights fetch {name}` does it{_size_note(wanted)}"
        )
    try:
        for file in wanted.files:
            cache.check(wanted, file, reread=True)
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


def _lacking(wanted: Entry, report: Progress, *, reread: bool = False) -> list[WeightFile]:
    """The files that are not in the cache or not the expected ones."""
    lacking = []
    for file in wanted.files:
        message = f"Checking {wanted.name}: {file.path}"
        try:
            cache.check(wanted, file, reread=reread, seen=partial(report, 0.0, message))
        except WeightsError:
            lacking.append(file)
    return lacking


def _download(wanted: Entry, files: Sequence[WeightFile], report: Progress) -> None:
    """Download `files` of `wanted` into the cache; the first of them settles a commit that is not pinned."""
    commit = cache.pinned_commit(wanted)
    absent = []
    for file in files:
        asking = partial(report, 0.0, f"Asking {wanted.repository} for {wanted.name}: {file.path}")
        asking()
        remote = hub.announced(wanted, file, commit, asking)
        commit = remote.commit
        absent.append(remote)
    needed = sum(remote.size_bytes for remote in absent)
    here = sum(cache.partial_bytes(wanted, remote.path, remote.commit) for remote in absent)
    cache.check_disk_space(wanted, needed - min(here, needed))
    done = 0
    for remote in absent:

        def received(size_bytes: int, path: str = remote.path, before: int = done) -> None:
            fraction = (before + size_bytes) / max(needed, 1)
            report(min(fraction, 0.99), f"Downloading {wanted.name}: {path}")

        growing = cache.partial_place(wanted, remote.path, remote.commit)
        sha256 = hub.download(wanted, remote, growing, received)
        cache.keep(wanted, remote.path, remote.commit, growing, sha256)
        done += remote.size_bytes


def _size_note(wanted: Entry) -> str:
    return f" ({readable(wanted.size_bytes)})" if wanted.size_bytes else ""


def readable(size_bytes: int) -> str:
    """A size in the unit people know it by."""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{max(size_bytes / 1e6, 1):,.0f} MB"


def _folder_of(paths: dict[str, Path]) -> Path:
    name, path = next(iter(paths.items()))
    return path.parents[name.count("/")]

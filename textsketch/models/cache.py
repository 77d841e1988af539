"""Where the files of a weight lie on this machine, and whether they are still the ones that were downloaded.

They lie in a local folder ($TEXTSKETCH_WEIGHTS/<name>), in huggingface_hub's cache or, where another library
looks for them, in torch.hub's. A record a weight keeps the commit and the sha256 of what was downloaded: the
only pin of a file that weights.yaml cannot pin, and the reason why an unchanged file is not read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from textsketch.errors import WeightsError
from textsketch.models.weights_list import Entry, WeightFile

LOCAL_FOLDER_VARIABLE = "TEXTSKETCH_WEIGHTS"
COMMIT = re.compile("[0-9a-f]{40}")
SHA256 = re.compile("[0-9a-f]{64}")

_SPARE_BYTES = 200_000_000  # left free on the disk after a download
_PATIENCE_S = 0.5  # between two looks at a lock that another process holds
_BLOCK_BYTES = 16 * 2**20
_hashes: dict[tuple[str, int, int, int], str] = {}
"""sha256 by path, size, time of change and inode: a cache that cannot be written is hashed once a process."""


def local_folder(wanted: Entry) -> Path | None:
    """The complete folder below $TEXTSKETCH_WEIGHTS that stands in for the download, if there is one."""
    root = os.environ.get(LOCAL_FOLDER_VARIABLE)
    for name in wanted.local if root else ():
        folder = Path(root or "") / name
        if all(any((folder / path).is_file() for path in file.names) for file in wanted.files):
            return folder
    return None


def place(wanted: Entry, path: str, commit: str) -> Path:
    """Where the file `path` of `commit` belongs in the cache.

    huggingface_hub's layout takes plain files as well as links to blobs. Only a commit that is one gets into a
    path.
    """
    if wanted.torch_hub:
        return _torch_hub() / wanted.torch_hub / path
    if not COMMIT.fullmatch(commit):
        raise WeightsError(f"{wanted.name}: {commit[:60]!r} is not a commit.")
    folder = "models--" + wanted.repository.replace("/", "--")
    return _root() / folder / "snapshots" / commit / wanted.remote_path(path)


def partial_place(wanted: Entry, path: str, commit: str) -> Path:
    """Where the file `path` grows until it is complete; on the same disk as its place."""
    return _own_folder(wanted) / "partial" / f"{wanted.name}-{commit}-{quote(path, safe='')}"


def partial_bytes(wanted: Entry, path: str, commit: str) -> int:
    """How much of the file `path` an earlier download has left."""
    place = partial_place(wanted, path, commit)
    return place.stat().st_size if place.exists() else 0


def find(wanted: Entry, file: WeightFile) -> tuple[str, Path] | None:
    """The name and place of `file` at the pinned or recorded commit, or None if it is not in the cache."""
    commit = pinned_commit(wanted)
    if commit is None:
        return None
    for name in file.names:
        path = place(wanted, name, commit)
        if path.is_file():
            return name, path
    return None


def find_all(wanted: Entry) -> dict[str, Path] | None:
    """The places of all files of `wanted` by name, or None if one is not in the cache."""
    found = [find(wanted, file) for file in wanted.files]
    return None if None in found else dict(one for one in found if one)


def pinned_commit(wanted: Entry) -> str | None:
    """The commit of weights.yaml or, where that has none, of the first download; "" where there are none."""
    return "" if wanted.torch_hub else wanted.commit or _read_record(wanted).get("commit")


def expected_sha256(wanted: Entry, file: WeightFile, name: str) -> str | None:
    """The sha256, or its first digits, that weights.yaml or the record has for `file` under this `name`."""
    recorded = _read_record(wanted).get("files", {}).get(name, {}).get("sha256", "")
    pinned = file.sha256 or ""
    return (recorded if recorded.startswith(pinned) else pinned) or None


def check(
    wanted: Entry,
    file: WeightFile,
    *,
    reread: bool = False,
    seen: Callable[[], None] = lambda: None,
) -> None:
    """Raise WeightsError unless `file` is in the cache with its pinned or recorded size and sha256.

    reread: read it even if it has not changed since it was last read. seen: is called between blocks.
    """
    found = find(wanted, file)
    if found is None:
        raise WeightsError(
            f"{wanted.name}: {file.path} is missing; `textsketch weights fetch {wanted.name}`."
        )
    name, path = found
    before = _read_record(wanted).get("files", {}).get(name, {})
    try:
        stat = path.stat()
        identity = (str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
        if file.size_bytes is not None and stat.st_size != file.size_bytes:
            raise _damaged(wanted, path, f"has {stat.st_size:,} bytes instead of {file.size_bytes:,}")
        recorded = before.get("size_bytes") == stat.st_size and before.get("modified_ns") == stat.st_mtime_ns
        if reread or (identity not in _hashes and not recorded):
            _hashes[identity] = sha256_of(path, seen)
    except OSError as error:
        raise _damaged(wanted, path, f"cannot be read ({error.strerror})") from error
    sha256 = _hashes.get(identity) or before.get("sha256", "")
    if not sha256.startswith(expected_sha256(wanted, file, name) or ""):
        raise _damaged(wanted, path, "is not the pinned file (its sha256 differs)")
    now = {"size_bytes": stat.st_size, "modified_ns": stat.st_mtime_ns, "sha256": sha256}
    if now != before:
        with contextlib.suppress(OSError):
            _record(wanted, pinned_commit(wanted), name, now)


def keep(wanted: Entry, name: str, commit: str, partial: Path, sha256: str) -> None:
    """Move a complete file to its place and remember it. Raises OSError if either cannot be done."""
    path = place(wanted, name, commit)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.replace(path)
    stat = path.stat()
    facts = {"size_bytes": stat.st_size, "modified_ns": stat.st_mtime_ns, "sha256": sha256}
    _record(wanted, commit, name, facts)


def sha256_of(path: Path, seen: Callable[[], None] = lambda: None) -> str:
    """The sha256 of a file in hexadecimal. seen: is called between blocks; what it raises ends the work."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
            seen()
    return digest.hexdigest()


@contextlib.contextmanager
def alone(wanted: Entry, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the weight's lock, which all processes and threads on this cache share.

    waiting: is called twice a second while another holds it; what it raises ends the wait.
    """
    from filelock import Timeout
    from huggingface_hub.utils import WeakFileLock

    path = _record_path(wanted).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(WeakFileLock(path, timeout=_PATIENCE_S))
                break
            except Timeout:
                waiting()
        yield


def check_disk_space(wanted: Entry, needed_bytes: int) -> None:
    """Raise WeightsError if a download of `needed_bytes` would leave the disk of the cache full."""
    folder = _own_folder(wanted)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed_bytes and free < needed_bytes + _SPARE_BYTES:
        raise WeightsError(
            f"{wanted.name} needs {needed_bytes / 1e6:,.0f} MB "
            f"but only {free / 1e6:,.0f} MB are free at {folder}."
        )


def _own_folder(wanted: Entry) -> Path:
    return (_torch_hub() if wanted.torch_hub else _root()) / "textsketch"


def _root() -> Path:
    from huggingface_hub import constants

    return Path(os.environ.get("HF_HUB_CACHE", constants.HF_HUB_CACHE))


def _torch_hub() -> Path:
    """Where torch.hub keeps what it downloads, found without importing torch."""
    home = os.environ.get("TORCH_HOME")
    if home is None:
        home = os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch")
    return Path(home).expanduser() / "hub"


def _record_path(wanted: Entry) -> Path:
    return _own_folder(wanted) / f"{wanted.name}.json"


def _read_record(wanted: Entry) -> dict:
    """The record, or nothing where there is none of this repository and the commit pinned now."""
    try:
        found = json.loads(_record_path(wanted).read_text("utf-8"))
        commit, files = found["commit"], found["files"]
        commit_is_one = COMMIT.fullmatch(commit) or (wanted.torch_hub and commit == "")
        whole = commit_is_one and all(SHA256.fullmatch(facts["sha256"]) for facts in files.values())
        mine = found["repository"] == wanted.repository and wanted.commit in (None, commit)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return found if whole and mine else {}


def _record(wanted: Entry, commit: str | None, name: str, facts: dict) -> None:
    files = _read_record(wanted).get("files", {})
    path = _record_path(wanted)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    whole = {"repository": wanted.repository, "commit": commit, "files": {**files, name: facts}}
    scratch.write_text(json.dumps(whole, indent=1), "utf-8")
    scratch.replace(path)


def _damaged(wanted: Entry, path: Path, what: str) -> WeightsError:
    return WeightsError(
        f"{wanted.name}: {path} {what}; `textsketch weights fetch {wanted.name}` downloads it again."
    )

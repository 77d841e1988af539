"""Which pictures an evaluation takes, and which of them are this process's share."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from textsketch.errors import TextsketchError
from textsketch.image.formats import SUFFIXES
from textsketch.models import networks

_LONGEST_WAIT = timedelta(days=7)


@dataclass(frozen=True)
class Item:
    """A picture to evaluate. name is unique in the list and fit for a file name; sha256 is of its file."""

    path: Path
    name: str
    sha256: str


def find_pictures(sources: Sequence[str | os.PathLike[str]]) -> list[Item]:
    """The pictures named, and for a folder those in it (not deeper), sorted by path, without repetition.

    A file named is always taken, so that one that cannot be read is reported. Raises TextsketchError if there
    is no picture at all, or a name is neither file nor folder.
    """
    paths: dict[Path, None] = {}
    for source in map(Path, sources):
        if source.is_dir():
            inside = (path for path in source.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
            paths |= dict.fromkeys(sorted(inside))
        elif source.is_file():
            paths[source] = None
        else:
            raise TextsketchError(f"{source} is neither a picture nor a folder")
    if not paths:
        raise TextsketchError(f"there are no pictures in {', '.join(map(str, sources))}")
    items, taken = [], set()
    for path in paths:
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in path.stem)[:60] or "picture"
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{name}-{number}"
        taken.add(unique)
        items.append(Item(path, unique, sha256))
    return items


@dataclass(frozen=True)
class Share:
    """This process's place among those that `accelerate launch` or `torchrun` started: rank of world."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0

    def of(self, items: Sequence[Item]) -> list[Item]:
        """Every world-th picture, from the rank-th on."""
        return list(items[self.rank :: self.world])

    @contextlib.contextmanager
    def together(self, folder: Path):
        """Run a block in every process, then wait until all have run it.

        Raises TextsketchError if the processes do not share `folder`.
        """
        if self.world == 1:
            yield
            return
        from torch import distributed

        networks.take_gpu(self.local_rank)
        distributed.init_process_group("gloo", timeout=_LONGEST_WAIT)
        try:
            token = folder / f"rank0-{os.environ['MASTER_PORT']}"
            if self.rank == 0:
                token.touch()
            distributed.barrier()
            if not token.exists():
                raise TextsketchError(f"process {self.rank} does not see {folder}; put it on a shared disk")
            yield
            distributed.barrier()
            if self.rank == 0:
                token.unlink(missing_ok=True)
        finally:
            distributed.destroy_process_group()


def this_share() -> Share:
    """The share that the environment variables of `accelerate launch` or `torchrun` name; all without them."""
    rank, world, local_rank = (int(os.environ.get(name, default)) for name, default in _VARIABLES)
    return Share(rank, world, local_rank)


_VARIABLES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))

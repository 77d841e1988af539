"""What `weights.yaml` lists: every pretrained weight with its repository, commit, files and hashes."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WeightFile:
    """One file of an entry. size_bytes and sha256 are None where no public source confirms them.

    sha256: 64 digits, or the first ones where no more are known.
    """

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
    """One model of weights.yaml. commit is None where it is settled by the first download.

    torch_hub: the folder of torch.hub's cache where the library that reads the files looks for them;
    `repository` is the address of a folder then, and there is no commit. "" for a repository of the hub.
    """

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
    torch_hub: str = ""

    @property
    def size_bytes(self) -> int:
        """Bytes to download, at most, as far as sizes are known."""
        return sum(file.size_bytes or file.size_bytes_at_most or 0 for file in self.files)

    def remote_path(self, path: str) -> str:
        """Where in the repository the entry's file `path` lies."""
        return f"{self.subfolder}/{path}" if self.subfolder else path


def list_path() -> Path:
    """Where the list lies: at the top of the repository, or where the package was installed."""
    beside_package = Path(__file__).resolve().parents[2] / "weights.yaml"
    return beside_package if beside_package.exists() else Path(sys.prefix) / "share/textsketch/weights.yaml"


@functools.cache
def read_list(path: str) -> dict[str, Entry]:
    """The entries of the list at `path`, by name; read once."""
    import yaml

    found = {}
    for name, fields in yaml.safe_load(Path(path).read_text("utf-8")).items():
        found[name] = Entry(
            name=name,
            role=fields["role"],
            repository=fields["repository"],
            commit=fields.get("commit"),
            commit_confirmed=fields.get("commit_status") == "confirmed",
            licence=fields["licence"],
            used_by=tuple(fields["used_by"]),
            local=tuple(fields.get("local", ())),
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
            torch_hub=fields.get("torch_hub", ""),
        )
    return found

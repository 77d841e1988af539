"""Checkpoints that other libraries keep in torch.hub's cache: where they lie and whether they are whole.

These networks only measure. What textsketch itself paints or chooses with comes from `weights.yaml`.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from pathlib import Path

ALEXNET = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
VGG16 = "https://download.pytorch.org/models/vgg16-397923af.pth"
INCEPTION = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"


def hub_folder() -> Path:
    """The cache of torch.hub: in $TORCH_HOME, or ~/.cache/torch. Found without importing torch."""
    home = os.environ.get("TORCH_HOME")
    if home is None:
        home = os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch")
    return Path(home).expanduser() / "hub"


def path(url: str) -> Path:
    """Where torch.hub keeps the file of `url`."""
    return hub_folder() / "checkpoints" / url.rpartition("/")[2]


def problem(url: str) -> str | None:
    """What is wrong with the file of `url`, with the command that helps, or None if nothing is.

    A file name ending in -xxxxxxxx names the first digits of the file's sha256, which are checked.
    """
    file = path(url)
    command = f"python -c \"import torch; torch.hub.load_state_dict_from_url('{url}', check_hash=True)\""
    if not file.is_file():
        return f"the weights {file.name} are not here; {command} downloads them"
    expected = re.search(r"-([0-9a-f]{8,})\.", file.name)
    details = file.stat()
    if expected and not _sha256(str(file), details.st_mtime_ns, details.st_size).startswith(expected[1]):
        return f"{file} is damaged; delete it, then {command} downloads it again"
    return None


@functools.cache
def _sha256(file: str, modified_ns: int, size_bytes: int) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

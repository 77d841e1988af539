"""Pictures the tests share."""

import importlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
SHARED_DATA = ROOT.parent / "shared" / "data"

if os.environ.get("CI"):
    # In CI a missing package is a failure, never a skip.
    pytest.importorskip = lambda name, **_: importlib.import_module(name)


@pytest.fixture(scope="session")
def photo() -> Image.Image:
    """A real photo of 240 x 160 pixels."""
    return Image.open(EXAMPLES / "coffee.jpg").convert("RGB").resize((240, 160), Image.Resampling.LANCZOS)


@pytest.fixture(scope="session")
def photo_path(photo, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "coffee.png"
    photo.save(path)
    return path


@pytest.fixture(scope="session")
def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data beside the repository; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no test data in {SHARED_DATA}")
    return SHARED_DATA

"""Pictures the tests share."""

import importlib
import os
from pathlib import Path

import numpy as np
import pytest
from browser_page import browser, open_page, url  # noqa: F401
from PIL import Image

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
SHARED_DATA = ROOT.parent / "shared" / "data"

SLOW = {
    "the app runs": [
        "test_app.py",
        "test_getting_it.py",
        "test_page_quality.py",
        "player/test_page.py",
        "web/test_captions_on_arrival.py",
        "web/test_improving_words.py",
        "web/test_intake.py",
        "web/test_workers.py",
        "web/test_workspace.py",
    ],
    "programs run": [
        "test_first_real_run.py",
        "player/test_build.py",
        "player/test_painting.py",
        "test_readme.py",
        "test_training.py",
        "training/test_brush.py",
        "image/test_memory.py",
        "models/test_hostile_hub.py",
        "player/test_decoder.py",
        "share/test_code_reader.py",
    ],
    "a server answers": [
        "reflection/test_rounds.py",
        "service/test_wire.py",
        "semantic/captions/test_remote.py",
        "web/test_reflections.py",
    ],
    "networks are loaded": [
        "models/test_clip.py",
        "reflection/test_local_rounds.py",
        "models/test_zero_gpu.py",
        "models/test_zero_gpu_space.py",
        "render/diffusion/test_prompts.py",
        "render/diffusion/test_large_profiles.py",
        "render/diffusion/test_candidates.py",
        "render/diffusion/test_colour_match.py",
        "render/diffusion/test_condition.py",
        "render/diffusion/test_sampler.py",
        "semantic/captions/test_captioner.py",
        "semantic/captions/test_prompt_inversion.py",
        "structure/test_detectors.py",
        "structure/test_ntc.py",
        "structure/test_pose.py",
    ],
    "many pictures are encoded": [
        "allocation/test_diffusion.py",
        "allocation/test_effort.py",
        "allocation/test_study.py",
        "allocation/test_painter.py",
        "edit/test_command.py",
        "edit/test_edits.py",
        "edit/test_erasing.py",
        "edit/test_page.py",
        "measure/baselines/test_learned_codec.py",
        "measure/baselines/test_search.py",
        "measure/evaluation/test_command.py",
        "measure/metrics/test_distribution.py",
        "measure/metrics/test_no_reference.py",
        "measure/metrics/test_table.py",
        "share/test_commands.py",
        "share/test_slide.py",
        "test_pipeline.py",
    ],
}
"""The modules whose tests `make test-fast` leaves out, and why they take long."""

if os.environ.get("CI"):
    # In CI a missing package is a failure, never a skip.
    pytest.importorskip = lambda name, **_: importlib.import_module(name)


def forget_pictures() -> None:
    """Let the encoder begin anew: it keeps what it found out about the latest pictures."""
    from textsketch.allocation import study
    from textsketch.texture import colour_coder

    study._recent.clear()
    colour_coder._recent.clear()


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


def pytest_collection_modifyitems(items):
    slow = [ROOT / "tests" / name for names in SLOW.values() for name in names]
    for item in items:
        if item.path in slow:
            item.add_marker("slow")
    # Those of slow files first: what runs long must not begin last.
    order = {path: number for number, path in enumerate(slow)}
    items.sort(key=lambda item: order.get(item.path, len(order)))

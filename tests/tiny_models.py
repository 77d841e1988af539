"""Tiny, randomly initialised models of the real classes, saved in the hub's folder layout.

`build(root)` writes one folder for each entry of weights.yaml that a profile needs, so that with
TEXTSKETCH_WEIGHTS=root the whole real loading code runs. The CLIP tokeniser, TAESD, TEED and PiDiNet are
the real ones where ../shared/weights has them.
"""

from __future__ import annotations

import json
from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared/weights"


def clip(folder: Path, seed: int) -> None:
    """An open_clip model: 32-pixel pictures, 16 dimensions, the usual 49408 tokens."""
    import torch
    from open_clip.model import CLIP
    from safetensors.torch import save_file

    model_cfg = {
        "embed_dim": 16,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    torch.manual_seed(seed)
    network = CLIP(**model_cfg)
    folder.mkdir(parents=True)
    preprocess_cfg = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28], "interpolation": "bicubic"}
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")

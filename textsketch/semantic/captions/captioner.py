"""Writes captions with learned captioners, BLIP and Florence-2.

BLIP (arXiv 2201.12086) and Florence-2 (arXiv 2311.06242) run by transformers' own classes; no code is ever
taken from a repository.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textsketch.models import networks, weights
from textsketch.options import Options, option
from textsketch.progress import Progress
from textsketch.semantic.captions.source import Source
from textsketch.semantic.captions.wording import cleaned

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image


MOST_TOKENS = 60
_TASK, _DETAILED_TASK = "<CAPTION>", "<DETAILED_CAPTION>"
_CLASSES = {
    "blip": ("BlipForConditionalGeneration", "BlipProcessor"),
    "florence2": ("Florence2ForConditionalGeneration", "Florence2Processor"),
}
_lock = threading.RLock()


@dataclass(frozen=True)
class Florence2Options(Options):
    """How Florence-2 writes."""

    detailed: bool = option(False, "write a longer caption")


def _write_blip(picture: Image.Image, options: Options, progress: Progress) -> str:
    return _write("blip", None, picture, progress)


def _write_florence2(picture: Image.Image, options: Florence2Options, progress: Progress) -> str:
    return _write("florence2", _DETAILED_TASK if options.detailed else _TASK, picture, progress)


def _write(name: str, prompt: str | None, picture: Image.Image, progress: Progress) -> str:
    progress(0.0, f"Loading {name}")
    with _lock:
        network, processor = _load(name)
        return _generate(network, processor, picture.convert("RGB"), prompt, progress)


def _generate(
    network: Any, processor: Any, picture: Image.Image, prompt: str | None, report: Progress
) -> str:
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    inputs = processor(images=picture, text=prompt, return_tensors="pt").to(network.device)
    if network.dtype == torch.float16:
        inputs["pixel_values"] = inputs["pixel_values"].half()

    class Report(StoppingCriteria):
        """Tells `report` every token; its exception ends the generation."""

        def __call__(self, tokens: Any, scores: Any, **options: Any) -> Any:
            text = processor.tokenizer.decode(tokens[0], skip_special_tokens=True)
            report(min(tokens.shape[1] / MOST_TOKENS, 0.99), text.strip())
            return torch.zeros(tokens.shape[0], dtype=torch.bool, device=tokens.device)

    with torch.inference_mode():
        tokens = network.generate(
            **inputs,
            max_new_tokens=MOST_TOKENS,
            num_beams=3,
            do_sample=False,
            stopping_criteria=StoppingCriteriaList([Report()]),
        )
    caption = cleaned(processor.tokenizer.decode(tokens[0], skip_special_tokens=True))
    report(1.0, caption)
    return caption


def _load(name: str) -> tuple[Any, Any]:
    def read(folder: Path) -> tuple[Any, Any]:
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        device = networks.device()
        dtype = torch.float32 if device == "cpu" else torch.float16
        network_class, processor_class = (getattr(transformers, kind) for kind in _CLASSES[name])
        network = network_class.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True
        )
        processor = processor_class.from_pretrained(folder, local_files_only=True)
        return network.to(device).eval(), processor

    return networks.load(name, read)


def _unavailable(name: str) -> str | None:
    return weights.unavailable(f"The captioner {name}", [name], ["torch", "transformers"])


BLIP = Source(
    "blip",
    "BLIP",
    "a short caption by an older network",
    Options,
    functools.partial(_unavailable, "blip"),
    _write_blip,
    quick=True,
)
FLORENCE2 = Source(
    "florence2",
    "Florence-2",
    "a caption, short or detailed",
    Florence2Options,
    functools.partial(_unavailable, "florence2"),
    _write_florence2,
    quick=True,
)

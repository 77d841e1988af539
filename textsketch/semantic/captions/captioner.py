"""Writes captions: learned captioners and prompt inversion behind one door.

BLIP (arXiv 2201.12086) and Florence-2 (arXiv 2311.06242) run by transformers' own classes; no code is ever
taken from a repository. What they write is a proposal: the user edits it like a typed caption.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textsketch.errors import WeightsError
from textsketch.models import networks, weights
from textsketch.progress import Progress, ignore

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image


INVERSION = "prompt-inversion"
MOST_TOKENS = 60
_FLORENCE_TASK = "<CAPTION>"
_FLORENCE_DETAILED_TASK = "<DETAILED_CAPTION>"
_lock = threading.RLock()


@dataclass(frozen=True)
class Source:
    """One way to get a caption. problem says what it lacks here, None if nothing."""

    name: str
    title: str
    problem: str | None


def sources() -> list[Source]:
    """Every way to have a caption written, with what it lacks here."""
    from textsketch.models import clip

    return [
        Source("blip", "BLIP", _problem("blip")),
        Source("florence2", "Florence-2", _problem("florence2")),
        Source(INVERSION, "Prompt inversion (PEZ)", clip.why_not(clip.CHOOSING)),
    ]


def write(
    picture: Image.Image,
    source: str = "blip",
    *,
    detailed: bool = False,
    tokens: int = 16,
    steps: int = 1000,
    progress: Progress | None = None,
) -> str:
    """Write a caption for an RGB picture.

    source: a name of `sources`. detailed: a longer caption, where the source knows how (Florence-2).
    tokens, steps: of prompt inversion, see `prompt_inversion.invert`.
    Raises WeightsError if the source's library or weights are missing.
    """
    if source == INVERSION:
        from textsketch.semantic.captions import prompt_inversion

        return prompt_inversion.invert(picture, tokens=tokens, steps=steps, progress=progress).prompt
    if source not in _CLASSES:
        names = ", ".join(known.name for known in sources())
        raise WeightsError(f"There is no caption source called {source!r}; choose one of {names}.")
    problem = _problem(source)
    if problem is not None:
        raise WeightsError(problem)
    report = progress or ignore
    report(0.0, f"Loading {source}")
    with _lock:
        network, processor = _load(source)
        prompt = None
        if source == "florence2":
            prompt = _FLORENCE_DETAILED_TASK if detailed else _FLORENCE_TASK
        return _generate(network, processor, picture.convert("RGB"), prompt, report)


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
    caption = " ".join(processor.tokenizer.decode(tokens[0], skip_special_tokens=True).split())
    report(1.0, caption)
    return caption


_CLASSES = {
    "blip": ("BlipForConditionalGeneration", "BlipProcessor"),
    "florence2": ("Florence2ForConditionalGeneration", "Florence2Processor"),
}


def _problem(name: str) -> str | None:
    return weights.why_not(f"The captioner {name}", [name], ["torch", "transformers"])


def _load(name: str) -> tuple[Any, Any]:
    def read(folder: Path) -> tuple[Any, Any]:
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        device = networks.device()
        dtype = torch.float16 if device == "cuda" else torch.float32
        network_class, processor_class = (getattr(transformers, kind) for kind in _CLASSES[name])
        network = network_class.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True
        )
        processor = processor_class.from_pretrained(folder, local_files_only=True)
        return network.to(device).eval(), processor

    return networks.load(name, read)

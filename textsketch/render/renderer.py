"""What every renderer can do: the row it has in `render.registry`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from textsketch.layers import Layers, Mode
from textsketch.options import Options
from textsketch.progress import Progress, ignore

if TYPE_CHECKING:
    from PIL import Image

Preview = Callable[["Image.Image"], None]
"""Called with a small, rough picture of what is coming."""


class Render(Protocol):
    """Paints layers as an RGB picture of `size` (width, height) in pixels."""

    def __call__(
        self,
        layers: Layers,
        size: tuple[int, int],
        options: Any,
        *,
        progress: Progress = ignore,
        preview: Preview | None = None,
    ) -> Image.Image:
        """options: of the renderer's own class. progress may raise to stop the work."""


class Allocate(Protocol):
    """Chooses the layers of an RGB picture whose file fits a budget in bytes, for one renderer."""

    def __call__(
        self,
        picture: Image.Image,
        mode: Mode,
        budget_bytes: int,
        caption: str,
        options: Any,
        *,
        seed: int = 0,
        progress: Progress = ignore,
    ) -> Layers:
        """Raises BudgetError if nothing fits, CaptionError if the caption cannot be sent."""


def _nothing_lacks() -> str | None:
    return None


def _no_prompt(layers: Layers) -> str | None:
    return None


def _nothing_to_do() -> None:
    return None


def _invents_nothing(layers: Layers, options: Any) -> str | None:
    return None


def only_sent(layers: Layers) -> str:
    """What to say of a network's painting of `layers`."""
    sent = ["the words"]
    if layers.structure is not None:
        sent.append("the lines")
    if layers.texture is not None:
        sent.append("the coarse colours")
    listed = " and ".join([", ".join(sent[:-1]), sent[-1]]) if len(sent) > 1 else sent[0]
    return f"Painted by a network: only {listed} were sent, everything else is invented."


@dataclass(frozen=True)
class Renderer:
    """A way to paint layers, and how a budget is best spent for it.

    options, allocation: the classes of what `render` and `allocate` can be told.
    unavailable: the sentence that says what it lacks here, or None.
    paints_beside: whether several processes of one machine may paint at once.
    prompt: what the layers say to a network in words; None for a renderer that reads none.
    share_gpu: names what runs on the GPU to a ZeroGPU Space, at its start. prepare: loads what painting needs.
    invents: a sentence for people about what a painting of these layers shows that was not sent, or None.
    plain: options with which it paints what was sent and nothing else, where it can and usually does not; and
    plain_modes, those in which that is another picture. remote: whether it asks an API, where pictures may cost.
    """

    name: str
    title: str
    render: Render
    allocate: Allocate
    options: type[Options] = Options
    allocation: type[Options] = Options
    unavailable: Callable[[], str | None] = _nothing_lacks
    paints_beside: bool = True
    prompt: Callable[[Layers], str | None] = _no_prompt
    share_gpu: Callable[[], object] = _nothing_to_do
    prepare: Callable[[], object] = _nothing_to_do
    invents: Callable[[Layers, Any], str | None] = _invents_nothing
    plain: Mapping[str, Any] = field(default_factory=dict)
    plain_modes: tuple[Mode, ...] = ()
    remote: bool = False

    @property
    def reads_words(self) -> bool:
        """Whether another caption makes another picture."""
        return self.prompt is not _no_prompt

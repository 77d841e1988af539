"""Asks a vision-language model in words and pictures, and reads its words."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textsketch.errors import ServiceError
from textsketch.progress import Progress
from textsketch.service import faults, wire
from textsketch.service.calls import Kind
from textsketch.service.settings import Service, named

if TYPE_CHECKING:
    from PIL import Image

Message = dict[str, Any]
_LONG_SIDE = 1024
_JPEG_QUALITY = 90
_MOST_LETTERS = 20_000


def message(role: str, *parts: str | Image.Image) -> Message:
    """A message of words and RGB pictures, in this order.

    A picture goes as a JPEG of at most 1,024 pixels a side, without anything else that its file held.
    """
    if all(isinstance(part, str) for part in parts):
        return {"role": role, "content": "\n".join(part for part in parts if isinstance(part, str))}
    return {"role": role, "content": [_part(part) for part in parts]}


def ask(service: Service, messages: Sequence[Message], progress: Progress, about: str) -> str:
    """What the caption model answers to a conversation, as plain text. Raises ServiceError.

    about: what progress is told meanwhile.
    """
    model = named(service, "caption_model")

    async def send(client: Any, http: Any) -> str:
        raw = await client.chat.completions.with_raw_response.create(model=model, messages=list(messages))
        return raw.http_response.text

    answer = wire.ask(service, Kind.WORDS, model, send, progress, about)
    try:
        found = answer["choices"][0]["message"]
        refusal, content = found.get("refusal"), found.get("content")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ServiceError(faults.no_protocol(service).sentence) from None
    if isinstance(content, list):  # in parts, as the pictures are sent
        content = "\n".join(part.get("text") or "" for part in content if isinstance(part, dict))
    if isinstance(content, str) and content.strip():
        return faults.without_key(content)[:_MOST_LETTERS]
    if isinstance(refusal, str) and refusal:
        raise ServiceError(
            f"the model {model} declines to look at this picture; try another picture or model"
        )
    raise ServiceError(f"the model {model} answered nothing; check that it is one that reads pictures")


def _part(part: str | Image.Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    picture = part.convert("RGB")
    picture.thumbnail((_LONG_SIDE, _LONG_SIDE))
    file = io.BytesIO()
    picture.info = {}
    picture.save(file, "JPEG", quality=_JPEG_QUALITY)
    data = base64.b64encode(file.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}

"""Has a model paint a picture from words, or from words and a draft, and reads what comes back."""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from textsketch.errors import ImageError, ServiceError
from textsketch.progress import Progress
from textsketch.service import faults, wire
from textsketch.service.calls import Kind
from textsketch.service.settings import VARIABLES, Service, named

if TYPE_CHECKING:
    from PIL import Image

_MESSAGE = "painting over the API"
_MOST_PIXELS = 16_000_000
_PORTS = {"http": 80, "https": 443}
_no_format: set[tuple[str, str]] = set()
"""Addresses and models that do not take response_format: they answer as base64 anyway."""


def paint(
    service: Service,
    prompt: str,
    size: tuple[int, int],
    progress: Progress,
    draft: Image.Image | None = None,
) -> Image.Image:
    """An RGB picture of `prompt`; its size may be another than the (width, height) that is asked for.

    draft: an RGB picture to paint after, which takes the route of edits. Raises ServiceError.
    """
    model = named(service, "image_model")
    file = io.BytesIO()
    if draft is not None:
        draft.save(file, "PNG")

    def sender(formatted: bool) -> wire.Send:
        about: dict[str, Any] = {"model": model, "prompt": prompt, "n": 1, "size": f"{size[0]}x{size[1]}"}
        if formatted:
            about["response_format"] = "b64_json"

        async def send(client: Any, http: Any) -> str:
            images = client.images.with_raw_response
            if draft is None:
                return (await images.generate(**about)).http_response.text
            files = [("draft.png", file.getvalue(), "image/png")]
            return (await images.edit(image=files, **about)).http_response.text

        return send

    try:
        formatted = (service.base, model) not in _no_format
        answer = wire.ask(service, Kind.PICTURE, model, sender(formatted), progress, _MESSAGE)
    except wire.RefusedError:
        if not formatted:
            raise
        _no_format.add((service.base, model))
        answer = wire.ask(service, Kind.PICTURE, model, sender(False), progress, _MESSAGE)
    return _read(service, model, _bytes(service, answer, progress))


def _bytes(service: Service, answer: dict[str, Any], progress: Progress) -> bytes:
    try:
        found = answer["data"][0]
        text, url = found.get("b64_json"), found.get("url")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ServiceError(faults.no_protocol(service).sentence) from None
    if not text and isinstance(url, str) and url.startswith("data:"):
        text = url
    if isinstance(text, str) and text:
        if text.startswith("data:"):
            text = text.partition(",")[2]
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise ServiceError(
                f"the picture from the API at {service.host} is cut or damaged on its way; try again"
            ) from None
    if not isinstance(url, str) or not url:
        raise ServiceError(faults.no_protocol(service).sentence)
    return _fetched(service, url, progress)


def _fetched(service: Service, url: str, progress: Progress) -> bytes:
    """The bytes of a picture that the service names by address; only its own are asked for."""
    try:
        address = urljoin(f"{service.base}/", url)
    except ValueError:
        address = ""
    if _origin(address) != _origin(service.base):
        raise ServiceError(_elsewhere(service, address))

    async def send(client: Any, http: Any) -> bytes | faults.Fault:
        answer = await http.get(address, headers={"Authorization": client.auth_headers["Authorization"]})
        if answer.status_code != 200:
            return faults.refused(service, answer.status_code, answer.headers, "", "of the picture")
        return answer.content

    return wire.exchange(service, None, "", send, progress, "fetching the picture")


def _elsewhere(service: Service, address: str) -> str:
    """That a picture lies where nothing is asked for, and what helps."""
    other = _origin(address)[1]
    where = faults.line(f"at {other}", 80) if other and other != service.host else "behind another address"
    return (
        f"the API at {service.host} leaves its pictures {where}, which is not asked; take a model or a server "
        f"that answers with b64_json, or set {VARIABLES['api_base']} to that address if both are one server"
    )


def _origin(address: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None, None


def _read(service: Service, model: str, data: bytes) -> Image.Image:
    from textsketch.image.reading import read_image

    try:
        return read_image(data, max_pixels=_MOST_PIXELS)
    except ImageError as error:
        raise ServiceError(
            f"what the model {model} at {service.host} painted is no picture that can be read ({error}); "
            "try again"
        ) from None

"""Which service is asked, and for which models: from options, the environment or a small YAML file.

The key is none of these settings: it stands in `KEY_VARIABLE` alone, and is read where a request is sent.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from textsketch.errors import ServiceError, quoted

KEY_VARIABLE = "TEXTSKETCH_API_KEY"
FILE_VARIABLE = "TEXTSKETCH_API_FILE"
VARIABLES = {
    "api_base": "TEXTSKETCH_API_BASE",
    "caption_model": "TEXTSKETCH_CAPTION_MODEL",
    "image_model": "TEXTSKETCH_IMAGE_MODEL",
    "image_size": "TEXTSKETCH_IMAGE_SIZE",
    "wait_s": "TEXTSKETCH_API_WAIT",
    "caption_price": "TEXTSKETCH_CAPTION_PRICE",
    "image_price": "TEXTSKETCH_IMAGE_PRICE",
    "page_calls": "TEXTSKETCH_PAGE_CALLS",
}
"""The variable of each setting; the file has the settings by their names."""

_MOST_FILE_BYTES = 65_536
_LONGEST_WAIT_S = 3600.0
_MOST_PAGE_CALLS = 1_000_000
_SIZE = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")


@dataclass(frozen=True)
class Service:
    """A service as somebody set it up.

    base: the address that its routes stand behind, such as https://host/v1. caption_model, image_model: names of
    models as it knows them, "" where none was set. image_size: (width, height) of the pictures to ask for, None
    for the usual ones. wait_s: how long one answer may take, in seconds. caption_price, image_price: what one
    answer and one picture cost, in whatever money, None where nobody said. page_calls: how many calls all
    visitors of the demo may cause in 24 hours.
    """

    base: str
    caption_model: str = ""
    image_model: str = ""
    image_size: tuple[int, int] | None = None
    wait_s: float = 120.0
    caption_price: float | None = None
    image_price: float | None = None
    page_calls: int = 200

    @property
    def host(self) -> str:
        """The host, as sentences name it."""
        return urlsplit(self.base).hostname or ""


def key() -> str:
    """The key, "" for a service that wants none."""
    return os.environ.get(KEY_VARIABLE, "").strip()


def service(**options: object) -> Service:
    """The service of the settings; of `options`, named as in `VARIABLES`, those that are not None go first.

    Raises ServiceError if there is no address, or a setting cannot be understood.
    """
    found: dict[str, Any] = _of_file()
    found |= {name: value for name, variable in VARIABLES.items() if (value := os.environ.get(variable))}
    found |= {name: value for name, value in options.items() if value is not None}
    if not found.get("api_base"):
        raise ServiceError(f"no API is set up: set {VARIABLES['api_base']} to its address; see docs/api.md")
    known: dict[str, Any] = {"base": _base(found.pop("api_base"))}
    known |= {name: _READ[name](name, value) for name, value in found.items()}
    return Service(**{one.name: known[one.name] for one in fields(Service) if one.name in known})


def lacking(subject: str, model: str) -> str | None:
    """The sentence that says which setting or library `subject` lacks, or None.

    model: the setting of the model it needs, "caption_model" or "image_model".
    """
    import importlib.util

    try:
        found = service()
    except ServiceError as error:
        return f"{subject}: {error}"
    if not getattr(found, model):
        return f"{subject}: no model is named; set {VARIABLES[model]}"
    if importlib.util.find_spec("openai") is None:
        return f"{subject} needs the library openai: pip install openai"
    return None


def named(found: Service, model: str) -> str:
    """The name of a model of the service. Raises ServiceError, naming the setting, where there is none."""
    name = getattr(found, model)
    if not name:
        raise ServiceError(f"no model of the API is named; set {VARIABLES[model]} or its option")
    return name


def _of_file() -> dict[str, Any]:
    import yaml

    named = os.environ.get(FILE_VARIABLE)
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    path = Path(named or f"{home}/textsketch/api.yaml").expanduser()
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_FILE_BYTES)
        read = yaml.safe_load(text) if len(text) < _MOST_FILE_BYTES else None
    except OSError as error:
        if named is None:
            return {}
        raise ServiceError(f"cannot read {path}, which {FILE_VARIABLE} names: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        read = None
    if read is None and not text.strip():
        return {}
    if not isinstance(read, dict):
        raise ServiceError(f"{path} is no YAML of settings; see docs/api.md for one")
    for name in read:
        if name not in VARIABLES:
            # A key in a file is copied and shown with it.
            where = f"set {KEY_VARIABLE} instead" if "key" in str(name).lower() else "see docs/api.md"
            raise ServiceError(f"{path} may not hold {quoted(name)}, only {', '.join(VARIABLES)}; {where}")
    return {name: value for name, value in read.items() if value is not None}


def _base(value: object) -> str:
    variable = VARIABLES["api_base"]
    try:
        address = urlsplit(value.strip() if isinstance(value, str) else "")
        sound = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        sound = False
    if not sound or not str(value).isprintable():
        raise ServiceError(f"the API's address is none; set {variable} to one such as https://host/v1")
    if address.username is not None or address.password is not None or address.query or address.fragment:
        raise ServiceError(f"the API's address may hold no name, password or key; set {KEY_VARIABLE} instead")
    return address.geturl().rstrip("/")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 300:
        raise ServiceError(f"{VARIABLES[name]} must be the name of a model, not {quoted(value)}")
    return value.strip()


def _size(name: str, value: object) -> tuple[int, int]:
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ServiceError(f"{VARIABLES[name]} must be a size such as 1024x1024, not {quoted(value)}")
    return int(match[1]), int(match[2])


def _number(name: str, value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    most = _LONGEST_WAIT_S if name == "wait_s" else 1e6
    if not (number > 0 or (number == 0 and name != "wait_s")) or number > most or isinstance(value, bool):
        unit = "seconds" if name == "wait_s" else "what one costs"
        raise ServiceError(f"{VARIABLES[name]} must be a number up to {most:g}, {unit}, not {quoted(value)}")
    return number


def _count(name: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else -1
    except ValueError:
        number = -1
    if not 0 <= number <= _MOST_PAGE_CALLS:
        raise ServiceError(
            f"{VARIABLES[name]} must be a whole number up to {_MOST_PAGE_CALLS}, not {quoted(value)}"
        )
    return number


_READ: dict[str, Callable[[str, object], Any]] = {
    "caption_model": _text,
    "image_model": _text,
    "image_size": _size,
    "wait_s": _number,
    "caption_price": _number,
    "image_price": _number,
    "page_calls": _count,
}

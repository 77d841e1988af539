"""What can go wrong with a service, each as one sentence that says what to do."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from textsketch.service.settings import KEY_VARIABLE, VARIABLES, Service, key

_MOST_QUOTED = 160
_SHORTEST_KEY = 8
"""Letters from which a key is a secret: servers without keys are given "none" and its like."""
_MODERATION = ("content_policy", "moderation", "safety", "content_filter", "content policy")


class TooLargeError(ValueError):
    """An answer is longer than any caption or picture, or packed so that its length is not known."""


@dataclass(frozen=True)
class Fault:
    """sentence: for people. wait_s: seconds after which the service asks to be asked again, or None.

    parameter: the name of a parameter that the service does not take, or None.
    """

    sentence: str
    wait_s: float | None = None
    parameter: str | None = None


def without_key(text: str) -> str:
    """The text as it may be shown: a service that repeats the key does not make it known."""
    secret = key()
    return text.replace(secret, "[key]") if len(secret) >= _SHORTEST_KEY else text


def silent(service: Service) -> Fault:
    """No answer in time."""
    return Fault(
        f"the API at {service.host} did not answer within {service.wait_s:g} s; try again later, or set "
        f"{VARIABLES['wait_s']} to more seconds"
    )


def unreachable(service: Service) -> Fault:
    """No connection, or one that broke."""
    return Fault(
        f"the API at {service.host} cannot be reached, or hung up; check that it runs and that "
        f"{VARIABLES['api_base']} is its address"
    )


def too_large(service: Service) -> Fault:
    """An answer without an end."""
    return Fault(f"the API at {service.host} sent more than a picture can have; check what runs there")


def no_protocol(service: Service) -> Fault:
    """An answer that is not of the protocol, such as a web page."""
    return Fault(
        f"what is at {service.host} does not answer as OpenAI's API does; check {VARIABLES['api_base']}, which "
        "often ends in /v1"
    )


def refused(service: Service, status: int, headers: Mapping[str, str], body: str, model: str) -> Fault:
    """An answer with another status than 200. model: the name of the one that was asked."""
    host = service.host
    code, said = _said(body)
    quote = f": {said}" if said else ""
    if 300 <= status < 400:
        where = urlsplit(headers.get("location", "")).hostname
        other = f" to {line(where, 80)}" if where and where != host else ""
        return Fault(
            f"the API at {host} leads elsewhere{other}, where nothing is sent; set {VARIABLES['api_base']} to "
            "the address that answers"
        )
    if status == 401:
        want = "does not accept the key" if key() else "wants a key"
        return Fault(f"the API at {host} {want} (401); set {KEY_VARIABLE} to one of its keys")
    if status == 403:
        return Fault(
            f"the API at {host} forbids the model {model} (403){quote}; use a key that may, or another"
        )
    if status == 404:
        return Fault(
            f"the API at {host} has no model {model}, or not this route (404){quote}; check the model's name "
            f"and {VARIABLES['api_base']}"
        )
    if any(word in f"{code} {said}".lower() for word in _MODERATION) and 400 <= status < 500:
        return Fault(
            f"the API at {host} holds this back by its content rules{quote}; change picture or caption"
        )
    if status == 429 and "quota" in code:
        return Fault(f"the account at {host} has nothing left to spend (429){quote}; top it up")
    if status in (429, 503):
        wait_s = _retry_after_s(headers)
        after = f"in {math.ceil(wait_s)} s" if wait_s is not None else "later"
        busy = "has been asked too often" if status == 429 else "is too busy"
        return Fault(f"the API at {host} {busy} ({status}){quote}; try again {after}", wait_s)
    if status >= 500:
        return Fault(f"the API at {host} has failed ({status}){quote}; try again later")
    parameter = "response_format" if "response_format" in f"{code} {said}" else None
    return Fault(
        f"the API at {host} does not take this request ({status}){quote}; check the model {model}",
        parameter=parameter,
    )


def _said(body: str) -> tuple[str, str]:
    """The code and the message in an error's body, whatever shape it has; "" where there is none."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        found = "" if body.lstrip().startswith("<") else body
    if isinstance(found, dict):
        found = found.get("error", found.get("detail", found.get("message", "")))
    code = ""
    if isinstance(found, dict):
        code = " ".join(str(found.get(name) or "") for name in ("code", "type", "param"))
        found = found.get("message", "")
    return code[:200], line(found, _MOST_QUOTED) if isinstance(found, str) else ""


def line(text: str, most: int) -> str:
    """What a service said as one line of `most` characters, without the key and what cannot be shown."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in without_key(text)).split())
    return shown.rstrip(".;") if len(shown) <= most else f"{shown[:most]}..."


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None

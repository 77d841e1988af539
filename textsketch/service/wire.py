"""Sends one request to a service and waits for its answer: no longer than allowed, and ready to be stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from textsketch.errors import ServiceError
from textsketch.progress import Progress, Pulse
from textsketch.service import calls, faults, settings
from textsketch.service.faults import Fault
from textsketch.service.settings import Service

MOST_BYTES = 48 * 2**20
"""Of an answer: a picture of 36 MB as base64."""
_LOOKS_EVERY_S = 0.05
_MOST_TRIES, _LONGEST_PAUSE_S = 3, 30.0
"""So often a service that says when to ask again is asked at most, if it says so soon."""

Send = Callable[[Any, Any], Awaitable[Any]]
"""Given an AsyncOpenAI and its HTTP client, sends a request; returns its answer, or a Fault."""


class RefusedError(ServiceError):
    """The service refused one parameter, `parameter`, which a request can do without."""

    def __init__(self, sentence: str, parameter: str) -> None:
        super().__init__(sentence)
        self.parameter = parameter


def ask(
    service: Service, kind: calls.Kind, model: str, send: Send, progress: Progress, message: str
) -> dict[str, Any]:
    """The JSON object that the service answers what `send` sends.

    model: the name of the model that is asked. progress: is told `message` all the while; what it raises ends
    the request at once. Raises ServiceError, and RefusedError where a parameter may be left out.
    """
    answer = exchange(service, kind, model, send, progress, message)
    try:
        found = json.loads(answer) if isinstance(answer, str) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ServiceError(faults.no_protocol(service).sentence)
    return found


def exchange(
    service: Service, kind: calls.Kind | None, model: str, send: Send, progress: Progress, message: str
) -> Any:
    """What `send` returns. kind: of call that is counted, None for none. The rest is as in `ask`."""
    pulse = Pulse(progress)
    for attempt in range(_MOST_TRIES):
        pulse(0.0, message)
        if kind is not None:
            calls.spend(kind, service)
        answer = _answer(service, model, send, pulse)
        if not isinstance(answer, Fault):
            return answer
        wait_s = answer.wait_s
        if wait_s is None or wait_s > _LONGEST_PAUSE_S or attempt + 1 == _MOST_TRIES:
            break
        pulse(0.0, f"the API asks to wait {wait_s:.0f} s")
        ends_s = time.monotonic() + wait_s
        while (left_s := ends_s - time.monotonic()) > 0:
            time.sleep(min(_LOOKS_EVERY_S, left_s))
            pulse.beat()
    if answer.parameter is not None:
        raise RefusedError(answer.sentence, answer.parameter)
    raise ServiceError(answer.sentence)


def _answer(service: Service, model: str, send: Send, pulse: Pulse) -> Any:
    """What `send` returns, waited for in a thread of its own, so that the wait can be given up."""
    answers: queue.Queue[Any] = queue.Queue()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []
    given_up = threading.Event()

    async def work() -> Any:
        task = asyncio.current_task()
        assert task is not None
        running.append((asyncio.get_running_loop(), task))
        if given_up.is_set():
            raise asyncio.CancelledError
        try:
            async with asyncio.timeout(service.wait_s):
                return await _sent(service, model, send)
        except TimeoutError:
            return faults.silent(service)

    def run() -> None:
        try:
            answers.put(asyncio.run(work()))
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            answers.put(error)

    thread = threading.Thread(target=run, daemon=True, name="textsketch-api")
    thread.start()
    try:
        while True:
            try:
                answer = answers.get(timeout=_LOOKS_EVERY_S)
            except queue.Empty:
                pulse.beat()
                continue
            if isinstance(answer, BaseException):
                raise answer
            return answer
    except BaseException:
        given_up.set()
        for loop, task in running:
            with contextlib.suppress(RuntimeError):  # closed: the request has ended by itself
                loop.call_soon_threadsafe(task.cancel)
        raise


async def _sent(service: Service, model: str, send: Send) -> Any:
    import httpx2
    import openai

    async with httpx2.AsyncClient(
        timeout=service.wait_s,
        follow_redirects=False,  # the key and the picture go to the host that was set up, and to no other
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_bound]},
    ) as http:
        client = openai.AsyncOpenAI(
            base_url=service.base,
            api_key=settings.key() or "none",  # servers without keys look at none
            http_client=http,
            max_retries=0,
            timeout=service.wait_s,
        )
        client.organization = client.project = None  # of another account, if the environment names any
        try:
            return await send(client, http)
        except openai.APIStatusError as error:
            response = error.response
            return faults.refused(service, response.status_code, response.headers, response.text, model)
        except openai.APITimeoutError:
            return faults.silent(service)
        except (openai.APIConnectionError, httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            return _broken(error, service)
        except faults.TooLargeError:
            return faults.too_large(service)
        except openai.OpenAIError:
            return faults.no_protocol(service)


def _broken(error: BaseException | None, service: Service) -> Fault:
    while error is not None:
        if isinstance(error, faults.TooLargeError):
            return faults.too_large(service)
        error = error.__cause__
    return faults.unreachable(service)


async def _bound(response: Any) -> None:
    """Let no body be read beyond `MOST_BYTES`."""
    if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise faults.TooLargeError
    response.stream = _bounded(response.stream)


def _bounded(stream: Any) -> Any:
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            count = 0
            async for chunk in stream:
                count += len(chunk)
                if count > MOST_BYTES:
                    raise faults.TooLargeError
                yield chunk

        async def aclose(self) -> None:
            await stream.aclose()

    return Bounded()

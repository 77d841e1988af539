"""Visitors of the demo's page without a browser: they speak to the server as the page's script does."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx


class RefusedError(Exception):
    """The server let nobody else into its queue; the message is what it says to that."""


class Layout:
    """What the page's script learns from /config: components, and which call an event of theirs makes."""

    def __init__(self, address: str) -> None:
        config = httpx.get(f"{address}config", timeout=60, trust_env=False).json()
        self._components = {component["id"]: component["props"] for component in config["components"]}
        self._calls = config["dependencies"]

    def call(self, elem_id: str, event: str, first: str | None = None) -> dict[str, Any]:
        """The call of a component's event; first: elem_id of the call's first input, to tell it from others."""
        for call in self._calls:
            triggered = any(
                self._components.get(target, {}).get("elem_id") == elem_id and name == event
                for target, name in call["targets"]
            )
            if triggered and call["backend_fn"] and (first is None or self._names(call)[:1] == [first]):
                return call
        raise LookupError(f"the page has no call for {event} of {elem_id}")

    def inputs(self, call: dict[str, Any], **values: Any) -> list[Any]:
        """The call's inputs as they stand on a new page, with `values` by elem_id instead."""
        found = []
        for component in call["inputs"]:
            props = self._components[component]
            found.append(values.get(str(props.get("elem_id")).replace("-", "_"), props.get("value")))
        return found

    def _names(self, call: dict[str, Any]) -> list[str | None]:
        return [self._components[component].get("elem_id") for component in call["inputs"]]


class Visitor:
    """One visitor's session."""

    def __init__(self, client: httpx.AsyncClient, layout: Layout) -> None:
        self._client, self._layout = client, layout
        self._session = secrets.token_hex(6)

    async def upload(self, name: str, data: bytes) -> dict[str, Any]:
        """Upload a file; returns what a call takes as that file."""
        answer = await self._client.post("gradio_api/upload", files={"files": (name, data)})
        answer.raise_for_status()
        return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    async def ask(self, call: dict[str, Any], **values: Any) -> AsyncIterator[dict[str, Any]]:
        """Make a call and yield what the server says to it, until it is done. Raises RefusedError."""
        body = {
            "data": self._layout.inputs(call, **values),
            "fn_index": call["id"],
            "session_hash": self._session,
            "event_data": None,
        }
        joined = await self._client.post("gradio_api/queue/join", json=body)
        if joined.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise RefusedError(joined.json()["detail"])
        joined.raise_for_status()
        event = joined.json()["event_id"]
        stream = self._client.stream("GET", "gradio_api/queue/data", params={"session_hash": self._session})
        async with stream as lines:
            async for line in lines.aiter_lines():
                message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if message.get("event_id") == event:
                    yield message
                    if message["msg"] == "process_completed":
                        return
        raise ConnectionError("the server said no more")

    async def answer(self, call: dict[str, Any], **values: Any) -> str:
        """Make a call and return all its answers as one text."""
        return json.dumps([message async for message in self.ask(call, **values)])

    async def press(self, call: dict[str, Any]) -> None:
        """Make a call that does not go through the queue, such as Cancel's."""
        body = {"data": [], "fn_index": call["id"], "session_hash": self._session}
        (await self._client.post("gradio_api/run/predict", json=body)).raise_for_status()

"""The real app in a process of its own, and a visitor who talks to it over HTTP as its page does."""

import contextlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def running_app(folder, **environment):
    """The app as `make demo` starts it, at an address of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    with open(log, "w") as output:
        command = [sys.executable, "-m", "textsketch", "app", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment
        )
    address = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the app did not start:\n{log.read_text()}") from None
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(60)


_AT_ONCE = 24
"""Calls that wait together; the page's queue holds 32."""


class Visitor:
    """One session. answers: the text of everything the app has said to it."""

    def __init__(self, address):
        self.address = address
        self.session = secrets.token_hex(6)
        self.answers = []

    def get(self, path):
        """The status and the body of an answer to GET; the path is sent as it is, dots and all."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)
        connection.request("GET", "/" + path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.answers.append(f"{answer.headers}\n{body.decode(errors='replace')}")
        return answer.status, body

    def post(self, path, body, kind="application/json"):
        """The status and the text of an answer to POST."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        self.answers.append(text)
        return status, text

    def config(self):
        return json.loads(self.get("config")[1])

    def upload(self, name, data):
        """Upload a file and return what an input takes for it."""
        body = (
            f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
            + data
            + b"\r\n--x--\r\n"
        )
        _, text = self.post("gradio_api/upload", body, "multipart/form-data; boundary=x")
        return file_data(json.loads(text)[0])

    def call(self, function, data, **more):
        """Call a function by its number, as the page does; its last message."""
        return self.calls([(function, data)], **more)[0]

    def calls(self, asked, **more):
        """Call functions with their data, many at a time; the last message of each, in their order."""
        answers = []
        for start in range(0, len(asked), _AT_ONCE):
            events, ended = [], {}
            for function, data in asked[start : start + _AT_ONCE]:
                body = {"fn_index": function, "data": data, "session_hash": self.session, **more}
                status, text = self.post("gradio_api/queue/join", body)
                if status == 200:
                    events.append(json.loads(text)["event_id"])
                else:
                    events.append(len(events))
                    ended[events[-1]] = {"success": False, "output": {"error": text}}
            if len(ended) < len(events):
                _, stream = self.get(f"gradio_api/queue/data?session_hash={self.session}")
                for line in stream.decode().splitlines():
                    if (
                        line.startswith("data:")
                        and (said := json.loads(line[6:]))["msg"] == "process_completed"
                    ):
                        ended[said["event_id"]] = said
            answers += [ended[event] for event in events]
        return answers

    def call_by_name(self, name, data):
        """Call a function by its name, as a program does; the text of the event that ends it."""
        status, text = self.post(f"gradio_api/call/{name}", {"data": data, "session_hash": self.session})
        if status != 200:
            return text
        return self.get(f"gradio_api/call/{name}/{json.loads(text)['event_id']}")[1].decode()


def file_data(path, **more):
    """What stands for a file in the data of a call."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}

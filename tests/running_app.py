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
from urllib.parse import urlsplit

from conftest import ROOT


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
        status, text = self.post(
            "gradio_api/queue/join",
            {"fn_index": function, "data": data, "session_hash": self.session, **more},
        )
        if status != 200:
            return {"success": False, "output": {"error": text}}
        _, stream = self.get(f"gradio_api/queue/data?session_hash={self.session}")
        messages = [json.loads(line[6:]) for line in stream.decode().splitlines() if line.startswith("data:")]
        return [message for message in messages if message["msg"] == "process_completed"][-1]

    def call_at_once(self, function, data):
        """Call a function by its number, past the queue; the answer."""
        body = {"fn_index": function, "data": data, "session_hash": self.session}
        return json.loads(self.post("gradio_api/run/predict", body)[1])

    def call_by_name(self, name, data):
        """Call a function by its name, as a program does; the text of the event that ends it."""
        status, text = self.post(f"gradio_api/call/{name}", {"data": data, "session_hash": self.session})
        if status != 200:
            return text
        return self.get(f"gradio_api/call/{name}/{json.loads(text)['event_id']}")[1].decode()


def file_data(path, **more):
    """What stands for a file in the data of a call."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}

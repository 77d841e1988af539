import asyncio
import threading
import time

import gradio as gr
import pytest

from textsketch.web import api
from textsketch.web.jobs import Jobs
from textsketch.web.workers import UNFORESEEN


def test_a_request_that_is_cancelled_ends_its_job():
    begun, ended = threading.Event(), threading.Event()

    def endless(report):
        begun.set()
        try:
            while True:
                report(0.5, "for ever")
                time.sleep(0.01)
        finally:
            ended.set()

    async def visit():
        request = asyncio.create_task(api._answer(Jobs(1), endless))
        assert await asyncio.to_thread(begun.wait, 30)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request

    asyncio.run(visit())
    assert ended.wait(30)


def test_an_unforeseen_error_is_one_sentence_without_what_python_says():
    def job(report):
        raise KeyError("/a/secret/place")

    with pytest.raises(gr.Error) as caught:
        asyncio.run(api._answer(Jobs(1), job))
    assert caught.value.message == UNFORESEEN

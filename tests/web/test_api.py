import asyncio
import threading
import time

import pytest

from textsketch.web import api
from textsketch.web.jobs import Jobs


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

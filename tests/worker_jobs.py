"""Jobs that workers are given in tests, and an app that has workers."""

import ctypes
import os
import signal
import sys
import time

import numpy as np

from textsketch.errors import ImageError


def answer(report, *, value):
    report(0.5, "thinking")
    return value


def modules(report):
    return sorted(sys.modules)


def process_id(report):
    return os.getpid()


def endless(report):
    while True:
        report(0.5, "for ever")
        time.sleep(0.01)


def deaf(report):
    """Stay in C, where no signal handler of Python's and no report is reached."""
    report(0.1, "falling asleep")
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL})
    ctypes.PyDLL(None).sleep(600)  # with Python's lock held


def crash(report, *, by):
    report(0.1, "about to crash")
    os.kill(os.getpid(), by)
    time.sleep(600)


def greedy(report, *, size_bytes):
    return int(np.ones(size_bytes, np.uint8)[-1])


def busy(report):
    while True:
        pass


def show(report):
    report(0.2, "first")
    report.preview("rough picture")
    report(0.4, "second")


def refuse(report, *, path):
    raise ImageError(f"cannot read {path}: it is a test")


def stumble(report, *, path):
    raise KeyError(path)


if __name__ == "__main__":
    # An app with two workers, one of them deaf: prints their numbers and waits to be killed.
    import threading

    import worker_jobs

    from textsketch.web.jobs import Reporter
    from textsketch.web.workers import Pool

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    pool, reporter = Pool(2), Reporter()
    threading.Thread(target=pool.run, args=(worker_jobs.deaf, reporter), daemon=True).start()
    while reporter.updates.empty():
        time.sleep(0.05)
    print(*pool.process_ids(), flush=True)
    time.sleep(600)

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time

import pytest
import worker_jobs
from conftest import EXAMPLES, ROOT

from textsketch.errors import ImageError
from textsketch.web.jobs import JobCancelledError, Jobs, Reporter
from textsketch.web.results import Results
from textsketch.web.workers import UNFORESEEN, Pool, WorkerError


@pytest.fixture(scope="module")
def pool():
    """One worker, so that a job that follows another gets the same one or the one that took its place."""
    pool = Pool(1)
    yield pool
    pool.close()


def ask(pool, function, **arguments):
    return pool.run(function, Reporter(), **arguments)


def gone(process_id: int) -> bool:
    """Whether a process has ended, within a generous time."""
    for _ in range(300):
        try:
            with open(f"/proc/{process_id}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_a_worker_answers_without_gradio_and_torch(pool):
    assert ask(pool, worker_jobs.answer, value={"a": [1, 2]}) == {"a": [1, 2]}
    loaded = ask(pool, worker_jobs.modules)
    assert "textsketch.web.results" in loaded
    assert not {"gradio", "torch", "pytest", "matplotlib", "spaces"} & set(loaded)


def test_reports_and_previews_arrive(pool):
    updates = list(Jobs(1).run("me", lambda report: pool.run(worker_jobs.show, report)))
    assert updates[-1].done
    reporter = Reporter()
    pool.run(worker_jobs.show, reporter)
    first, preview, second = (reporter.updates.get_nowait() for _ in range(3))
    assert (first.fraction, first.message, first.preview) == (0.2, "first", None)
    assert preview.preview == second.preview == "rough picture" and second.message == "second"
    with pytest.raises(queue.Empty):
        reporter.updates.get_nowait()


def cancelled(pool, function) -> None:
    """Cancel a job once it has reported, and see it end."""
    jobs = Jobs(1)
    updates = jobs.run("me", lambda report: pool.run(function, report))
    while next(updates).fraction == 0:
        pass
    jobs.cancel("me")
    with pytest.raises(JobCancelledError):
        for _ in range(50):
            next(updates)


def test_a_cancelled_job_that_reports_leaves_its_worker_warm(pool):
    worker = ask(pool, worker_jobs.process_id)
    cancelled(pool, worker_jobs.endless)
    assert ask(pool, worker_jobs.process_id) == worker


def test_a_cancelled_job_inside_native_code_ends_with_its_process(pool):
    worker = ask(pool, worker_jobs.process_id)
    cancelled(pool, worker_jobs.deaf)
    assert not os.path.exists(f"/proc/{worker}")  # ended and waited for before anybody was told
    assert ask(pool, worker_jobs.process_id) != worker


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_a_crash_is_one_sentence_and_the_next_job_works(pool, by):
    with pytest.raises(WorkerError, match="save the picture anew"):
        ask(pool, worker_jobs.crash, by=by)
    assert ask(pool, worker_jobs.answer, value=1) == 1


def test_a_worker_that_died_between_two_jobs_costs_nobody_anything(pool):
    worker = ask(pool, worker_jobs.process_id)
    os.kill(worker, signal.SIGKILL)
    assert gone(worker)
    assert ask(pool, worker_jobs.answer, value=1) == 1


def test_memory_beyond_the_limit_is_one_sentence():
    pool = Pool(1, memory_bytes=2**30)
    assert ask(pool, worker_jobs.greedy, size_bytes=2**28) == 1
    with pytest.raises(WorkerError, match="more memory than one job may have"):
        ask(pool, worker_jobs.greedy, size_bytes=2**30)
    assert ask(pool, worker_jobs.greedy, size_bytes=2**28) == 1
    pool.close()


def test_processor_time_beyond_the_limit_is_one_sentence_and_counts_from_each_job_s_start(pool):
    for _ in range(2):
        with pytest.raises(WorkerError, match="more than 1 seconds of processor time"):
            ask(pool, worker_jobs.busy, cpu_seconds=1)
    assert ask(pool, worker_jobs.answer, value=1, cpu_seconds=1) == 1


def test_textsketch_s_errors_arrive_as_they_are_but_for_folders(pool):
    with pytest.raises(ImageError) as caught:
        ask(pool, worker_jobs.refuse, path="/a/secret/place/cat.jpg")
    assert str(caught.value) == "cannot read cat.jpg: it is a test"


def test_other_errors_are_one_sentence_and_a_traceback_in_the_log(pool, caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(WorkerError) as caught:
        ask(pool, worker_jobs.stumble, path="/a/secret/place")
    assert str(caught.value) == UNFORESEEN
    assert "KeyError: '/a/secret/place'" in caplog.text and "worker_jobs.py" in caplog.text


def test_workers_are_replaced_after_some_jobs():
    pool = Pool(1, jobs_each=2)
    seen = [ask(pool, worker_jobs.process_id) for _ in range(5)]
    assert seen[0] == seen[1] != seen[2] == seen[3] != seen[4]
    assert gone(seen[0]) and gone(seen[2])
    pool.close()
    assert gone(seen[4])


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_app(by):
    app = subprocess.Popen(
        [sys.executable, worker_jobs.__file__],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    workers = [int(number) for number in app.stdout.readline().split()]
    assert len(workers) == 2 and all(os.path.exists(f"/proc/{number}") for number in workers)
    app.send_signal(by)
    assert all(gone(number) for number in workers)
    app.wait(30)
    app.stdout.close()


def test_a_result_is_made_once_and_a_failed_one_leaves_no_files(pool, tmp_path, monkeypatch):
    folder = tmp_path / "results"
    folder.mkdir()
    room = Results(folder, pool)
    asked = {"mode": "text-only", "budget": 200, "caption": "a cat", "seed": 0}

    def show(path, **others):
        return room.encode(str(path), max_side=64, report=Reporter(), **asked | others)

    first = show(EXAMPLES / "cat.jpg")
    assert first.original_size == (450, 300) and first.report.width == 64
    assert show(EXAMPLES / "cat.jpg") is first
    before = set(folder.iterdir())
    (tmp_path / "wrong.png").write_text("this is no picture")
    with pytest.raises(ImageError):
        show(tmp_path / "wrong.png")
    with pytest.raises(ImageError, match="cannot read missing.png"):
        show(tmp_path / "missing.png")
    assert set(folder.iterdir()) == before
    assert show(EXAMPLES / "cat.jpg", seed=1) is not first


def test_a_job_about_the_same_goes_to_the_process_that_knows_it():
    pool = Pool(2)
    pool.start()
    while sum(worker.ready() for worker in list(pool._idle)) < 2:
        time.sleep(0.05)
    one, other = (pool.run(worker_jobs.process_id, Reporter(), about=name) for name in ("one", "other"))
    assert one != other
    for name, expected in (("other", other), ("one", one), ("one", one), ("other", other)):
        assert pool.run(worker_jobs.process_id, Reporter(), about=name) == expected
    pool.close()


def test_a_job_cancelled_while_the_process_starts_does_not_start_it_anew():
    pool, reporter = Pool(1), Reporter()
    pool.start()
    reporter.stop.set()
    with pytest.raises(JobCancelledError):
        pool.run(worker_jobs.process_id, reporter)
    while not pool.process_ids():
        time.sleep(0.05)
    (started,) = pool.process_ids()
    for _ in range(3):
        reporter = Reporter()
        threading.Timer(0.1, reporter.stop.set).start()
        with contextlib.suppress(JobCancelledError):
            pool.run(worker_jobs.endless, reporter)
    assert pool.run(worker_jobs.process_id, Reporter()) == started
    pool.close()

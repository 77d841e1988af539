import threading
import time

import pytest

from textsketch.web.jobs import run_job


def test_a_job_reports_and_ends_with_its_result():
    def job(progress):
        for step in range(5):
            progress(step / 5, f"step {step}")
            time.sleep(0.05)
        return "result"

    updates = list(run_job(job))
    assert updates[-1].done and updates[-1].result == "result"
    fractions = [update.fraction for update in updates]
    assert fractions == sorted(fractions) and any(update.message.startswith("step") for update in updates)


def test_what_the_job_raises_is_raised_to_the_caller():
    def job(progress):
        raise KeyError("lost")

    with pytest.raises(KeyError):
        list(run_job(job))


def test_closing_the_iterator_stops_the_job_at_its_next_report():
    stopped = threading.Event()

    def job(progress):
        try:
            while True:
                progress(0.5, "for ever")
                time.sleep(0.01)
        finally:
            stopped.set()

    updates = run_job(job)
    next(updates)
    updates.close()
    assert stopped.wait(5)

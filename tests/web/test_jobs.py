import contextlib
import contextvars
import threading
import time

import pytest

import textsketch.web.jobs as jobs_module
from textsketch.web.controls import follow
from textsketch.web.jobs import JobCancelledError, JobOvertakenError, Jobs


def test_a_job_reports_and_ends_with_its_result():
    seen = threading.Event()

    def job(progress):
        for step in range(5):
            progress(step / 5, f"step {step}")
            time.sleep(0.05)
        assert seen.wait(30)  # on a busy machine the job would end before any of it is told
        return "result"

    updates = []
    for update in Jobs(2).run("visitor", job):
        updates.append(update)
        if update.message.startswith("step"):
            seen.set()
    assert updates[-1].done and updates[-1].result == "result"
    fractions = [update.fraction for update in updates]
    assert fractions == sorted(fractions) and any(update.message.startswith("step") for update in updates)


def test_what_the_job_raises_is_raised_to_the_caller():
    def job(progress):
        raise KeyError("lost")

    with pytest.raises(KeyError):
        list(Jobs(2).run("visitor", job))


def test_closing_the_iterator_stops_the_job_at_its_next_report():
    stopped = threading.Event()

    def job(progress):
        try:
            while True:
                progress(0.5, "for ever")
                time.sleep(0.01)
        finally:
            stopped.set()

    updates = Jobs(2).run("visitor", job)
    next(updates)
    updates.close()
    assert stopped.wait(5)


def endless(started: threading.Event, stopped: threading.Event):
    def job(progress):
        started.set()
        try:
            while True:
                progress(0.5, "for ever")
                time.sleep(0.01)
        finally:
            stopped.set()

    return job


def test_cancelling_stops_the_owner_s_job_and_no_other():
    jobs = Jobs(2)
    events = [threading.Event() for _ in range(4)]
    mine, other = jobs.run("me", endless(*events[:2])), jobs.run("you", endless(*events[2:]))
    next(mine), next(other)
    jobs.cancel("me")
    with pytest.raises(JobCancelledError):
        for _ in range(50):
            next(mine)
    assert events[1].wait(5) and not events[3].is_set()
    next(other)
    other.close()
    assert events[3].wait(5)


def test_a_new_job_takes_the_place_of_the_owner_s_old_one():
    jobs = Jobs(2)
    started, stopped = threading.Event(), threading.Event()
    old = jobs.run("me", endless(started, stopped))
    next(old)
    assert [update.result for update in jobs.run("me", lambda progress: 7)][-1] == 7
    with pytest.raises(JobOvertakenError):
        next(old)
    assert stopped.wait(5)


def test_what_was_asked_for_last_counts_however_late_the_earlier_is_begun():
    jobs = Jobs(2)
    started, stopped = threading.Event(), threading.Event()
    newer = jobs.run("me", endless(started, stopped), turn=8)
    next(newer)
    jobs.announce("me", turn=7)
    jobs.overtake("me", turn=7)
    with pytest.raises(JobOvertakenError):
        next(jobs.run("me", lambda progress: "older", turn=7))
    assert jobs.running("me") and not stopped.is_set()
    jobs.cancel("me")
    with pytest.raises(JobCancelledError):
        list(newer)
    # What was announced too late does not cancel what comes next.
    assert [update.result for update in jobs.run("me", lambda progress: 9, turn=9)][-1] == 9
    with pytest.raises(JobOvertakenError):  # also once that has ended
        next(jobs.run("me", lambda progress: "older", turn=8))
    assert [update.result for update in jobs.run("other", lambda progress: 1, turn=1)][-1] == 1


def test_a_cancelled_job_gives_its_place_away_only_when_its_work_has_ended():
    jobs = Jobs(1)
    begun, go_on = threading.Event(), threading.Event()

    def deaf(progress):
        begun.set()
        assert go_on.wait(30)
        progress(0.5, "at last")

    old = jobs.run("me", deaf)
    next(old)
    assert begun.wait(5)
    old.close()
    waiting = jobs.run("you", lambda progress: 7)
    messages = [next(waiting).message for _ in range(5)]
    assert messages[-1] == "waiting, 1 ahead"
    go_on.set()
    assert list(waiting)[-1].result == 7


def test_jobs_are_done_in_the_order_they_came_and_say_how_many_are_ahead():
    jobs = Jobs(1)
    events = [threading.Event() for _ in range(2)]
    running = jobs.run("first", endless(*events))
    next(running)
    assert events[0].wait(5)
    order = []
    second = jobs.run("second", lambda progress: order.append("second"))
    while "ahead" not in next(second).message:
        pass
    third = jobs.run("third", lambda progress: order.append("third"))
    while (message := next(third).message) == "starting":
        pass
    assert message == "waiting, 2 ahead"
    running.close()
    list(third), list(second)
    assert order == ["second", "third"]


def test_jobs_that_wait_for_an_api_take_no_place_of_those_that_work_and_have_their_own_line():
    jobs, answers = Jobs(1, asking=1), threading.Event()

    def ask(progress):
        while not answers.is_set():
            progress(0.0, "asking")
            time.sleep(0.01)

    first, second = jobs.run("first", ask, asks=True), jobs.run("second", ask, asks=True)
    next(first)
    assert next(second).message in ("starting", "waiting, 1 ahead")
    assert list(jobs.run("worker", lambda progress: "worked"))[-1].result == "worked"
    assert any(update.message == "waiting, 1 ahead" for update in (next(second) for _ in range(20)))
    answers.set()
    assert [list(updates)[-1].done for updates in (first, second)] == [True, True]


def test_a_job_can_be_cancelled_while_it_waits():
    jobs = Jobs(1)
    events = [threading.Event() for _ in range(2)]
    running = jobs.run("first", endless(*events))
    next(running)
    assert events[0].wait(5)
    waiting = jobs.run("second", lambda progress: 7)
    next(waiting)
    jobs.cancel("second")
    with pytest.raises(JobCancelledError):
        list(waiting)
    running.close()


def test_a_job_can_be_cancelled_as_soon_as_it_is_announced():
    jobs, ran = Jobs(1), []
    jobs.announce("me")
    jobs.cancel("me")
    jobs.announce("me")  # a second step of the same job does not undo that
    jobs.cancel("you")
    with pytest.raises(JobCancelledError):
        list(jobs.run("me", lambda progress: ran.append("cancelled")))
    assert ran == [] and not jobs.running("me")
    assert list(jobs.run("me", lambda progress: 7))[-1].result == 7  # the next one is another
    jobs.announce("me")
    assert list(jobs.run("me", lambda progress: 8))[-1].result == 8
    jobs.announce("me")
    jobs.overtake("me")
    assert list(jobs.run("me", lambda progress: 9))[-1].result == 9


def test_a_job_that_was_overtaken_ends_without_a_word():
    jobs = Jobs(2)
    started, stopped = threading.Event(), threading.Event()
    status = object()
    answers = follow(
        jobs.run("me", endless(started, stopped)),
        status,
        done=lambda result: {},
        failed=lambda sentence: {},
        cancelled=lambda: {status: "cancelled"},
    )
    assert status in next(answers)
    jobs.overtake("me")
    assert stopped.wait(5) and not jobs.running("me")
    assert all(set(answer) == {status} and "cancelled" not in answer[status] for answer in answers)


def test_an_overtaken_job_ends_before_its_work_does():
    jobs, release = Jobs(2), threading.Event()
    old = jobs.run("me", lambda progress: release.wait(30))
    assert not next(old).done
    jobs.overtake("me")
    with pytest.raises(JobOvertakenError):
        list(old)
    assert not release.is_set()
    release.set()


def test_nothing_is_told_before_what_the_overtaken_job_told_last_is_taken():
    jobs = Jobs(2)
    old = jobs.run("me", lambda progress: "old")
    while not next(old).done:
        pass  # its last update is on the way to the page
    told = []

    def ask():
        with contextlib.suppress(JobOvertakenError):
            told.append(next(jobs.run("me", lambda progress: "new")))

    newer = [threading.Thread(target=ask) for _ in range(2)]  # the second overtakes the first
    for thread in newer:
        thread.start()
        time.sleep(0.3)
        assert told == []
    assert list(old) == []
    for thread in newer:
        thread.join(5)
    assert told


def test_a_preview_stays_with_the_updates_that_follow():
    def job(progress):
        progress(0.1, "first")
        progress.preview("rough picture")
        time.sleep(0.2)
        progress(0.2, "second")
        time.sleep(0.2)

    seen = [update.preview for update in Jobs(2).run("me", job) if update.message == "second"]
    assert seen and set(seen) == {"rough picture"}


def test_a_first_picture_is_told_at_once(monkeypatch):
    monkeypatch.setattr(jobs_module, "_UPDATE_SECONDS", 60)
    painted = threading.Event()

    def job(progress):
        progress(0.1, "drawing")
        time.sleep(0.3)  # "drawing" is told
        progress.preview("rough picture")
        assert painted.wait(10)
        progress.preview("another, too soon")
        time.sleep(0.3)

    previews = []
    for update in Jobs(2).run("me", job):
        previews.append(update.preview)
        if update.preview == "rough picture":
            painted.set()
    assert previews == [None, "rough picture", None]


def test_a_job_knows_the_context_of_the_call_that_started_it():
    visitor = contextvars.ContextVar("visitor")
    visitor.set("Ada")
    (*_, last) = Jobs(1).run("someone", lambda report: visitor.get("nobody"))
    assert last.result == "Ada"


def test_a_job_that_reports_all_the_time_does_not_flood_its_page():
    def job(progress):
        ends_s = time.monotonic() + 1
        steps = 0
        while time.monotonic() < ends_s:
            steps += 1
            progress(0.5, f"step {steps}")
            time.sleep(0.001)
        return steps

    updates = list(Jobs(1).run("visitor", job))
    assert updates[-1].result > 30 and 2 <= len(updates) <= 8

import types

import gradio as gr

from textsketch.web.controls import Answer, comparison, follow
from textsketch.web.jobs import JobOvertakenError, Jobs, Update

VISITOR = types.SimpleNamespace(session_hash="visitor")


def test_settings_are_compared_with_what_is_on_show_unless_a_job_is_running():
    jobs = Jobs(1)
    compare = comparison(jobs, "tab", lambda *settings: settings, lambda answer: answer)
    answer = Answer((1, 2), "Cancelled.")
    assert compare(VISITOR, answer, 1, 2) is answer
    assert compare(VISITOR, answer, 1, 3) is None
    assert compare(VISITOR, Answer(), 1, 2) == gr.skip()
    running = jobs.run("visitor/tab", lambda report: None)
    next(running)
    assert compare(VISITOR, answer, 1, 3) == gr.skip()
    running.close()
    assert compare(VISITOR, answer, 1, 3) is None


def test_the_last_word_of_an_overtaken_job_changes_nothing_since_the_page_is_told_it_twice():
    def overtaken():
        yield Update(0.0, "starting")
        raise JobOvertakenError

    with gr.Blocks():
        status = gr.HTML()
    *_, last = follow(overtaken(), status, lambda result: {}, failed=lambda sentence: {})
    assert last == {status: gr.skip()}


def test_what_was_overtaken_before_it_began_does_not_say_that_it_has_begun():
    """What overtook it may have ended by then: its files can be downloaded."""

    def overtaken():
        raise JobOvertakenError
        yield

    def running():
        yield Update(0.0, "starting")
        yield Update(1.0, "done", done=True, result={})

    with gr.Blocks():
        status, budget, button = gr.HTML(), gr.Radio(), gr.Button()

    def told(updates):
        first, begun = (lambda: {budget: "sms"}), {button: gr.update(interactive=False)}
        return list(follow(updates, status, dict, failed=lambda sentence: {}, first=first, begun=begun))

    assert told(overtaken()) == [{status: gr.skip(), budget: "sms"}]
    began, done = told(running())
    assert budget in began and button in began and budget not in done and button not in done

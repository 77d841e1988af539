import types

import gradio as gr

from textsketch.web.controls import Answer, comparison
from textsketch.web.jobs import Jobs

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

"""textsketch in the browser: `python app.py` serves the demo."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from textsketch.models import zero_gpu
from textsketch.web.workspace import Workspace

EXAMPLES = Path(__file__).parent / "examples"


def main() -> None:
    """Serve until the process is asked to end, and leave nothing behind."""
    zero_gpu.start()  # before anything imports torch
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends as Ctrl+C ends it
    workspace = Workspace(EXAMPLES)
    # From here on: Gradio makes folders of its own as soon as it is imported, and reports that it was.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    # After each event it tables all before it, for a page that is not served; soon it would do little else.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
    from textsketch.web import demo

    demo.serve(workspace)


if __name__ == "__main__":
    main()

"""A server of the protocol, with the settings that lead to it."""

import pytest
from api_server import ApiServer, serve

from textsketch.service import pictures, settings

KEY = "sk-secret-0123456789"


@pytest.fixture
def api(monkeypatch, tmp_path):
    """A running `ApiServer` that all settings lead to; its key is set."""
    for variable in (*settings.VARIABLES.values(), settings.FILE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-settings"))
    monkeypatch.setattr(pictures, "_no_format", set())
    with serve(ApiServer(key=KEY)) as server:
        monkeypatch.setenv("TEXTSKETCH_API_BASE", server.url)
        monkeypatch.setenv("TEXTSKETCH_API_KEY", KEY)
        monkeypatch.setenv("TEXTSKETCH_CAPTION_MODEL", "eye")
        monkeypatch.setenv("TEXTSKETCH_IMAGE_MODEL", "brush")
        yield server

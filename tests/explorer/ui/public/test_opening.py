"""`make public`: what the server is told, and what the terminal says."""

import os

import pytest

from explorer.public import bounds
from explorer.ui.common import strangers
from explorer.ui.public import opening


@pytest.fixture
def begun(monkeypatch, capsys):
    given = []
    monkeypatch.setattr(bounds, "begin", lambda names: given.extend(names))
    monkeypatch.delenv(strangers.SHARED, raising=False)

    def begin(*options, language="en"):
        monkeypatch.setenv("LANGUAGE", language)
        # What it sets is taken back with the rest.
        monkeypatch.setenv(strangers.SHARED, "")
        return opening.begin(["--public", *options]), given, capsys.readouterr().out

    return begin


def test_viewers_are_strangers_and_errors_tell_no_paths(begun):
    options, names, said = begun("--server.port", "9000")
    told = dict(zip(options[::2], options[1::2], strict=True))
    assert told["--server.port"] == "9000" and told["--client.showErrorDetails"] == "none" and "--public" not in told
    assert told["--server.maxUploadSize"] == str(bounds.UPLOAD_MB)
    assert os.environ[strangers.SHARED] == "1" and strangers.are_there() and not names
    assert "10 minutes" in said and "--server.address" not in told


def test_models_are_named_and_what_is_said_is_taken(begun):
    options, names, _said = begun("--models", "a/b, c/d,", "--server.maxUploadSize=5")
    assert names == ["a/b", "c/d"] and "--server.maxUploadSize=5" in options and "--server.maxUploadSize" not in options
    assert "分钟" in begun(language="zh_CN.UTF-8")[2]

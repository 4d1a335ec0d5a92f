"""A download that cannot be made: Streamlit's own answer to the browser, with its own media files behind it."""

import asyncio
import errno
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from explorer.export import zipped
from explorer.i18n import speaking
from explorer.ui.common import on_request as module
from explorer.ui.common.on_request import on_request
from models.errors import InputError


def pressed(make, times: int = 1):
    """The last of the answers that the browser gets when the button of such a file is pressed."""
    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    number = files.add_deferred(on_request(make), "application/zip", "0.0", "model.zip")
    handler = DeferredFileHandler(lambda: files)
    request = module.BackendOperationRequest(request_id="1", deferred_file={"file_id": number})
    # Apart from this thread, in which Playwright may have left its loop running.
    with ThreadPoolExecutor(1) as apart:
        return [apart.submit(asyncio.run, handler.handle(request, "ann")).result() for _time in range(times)][-1]


def exported(folder):
    folder.mkdir()
    (folder / "weights").write_bytes(b"weights")


def full(*_given, **_how):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/xyz")


def test_what_can_be_made_is_given_away():
    answer = pressed(lambda: zipped(exported))
    assert not answer.error_msg and answer.deferred_file.url.endswith(".zip")


@pytest.mark.parametrize("where", ["the folder", "a file in it"])
def test_a_disk_without_room_is_told_and_nothing_is_left(where, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if where == "the folder":
        monkeypatch.setattr(tempfile, "mkdtemp", full)

    def half(folder):
        exported(folder)
        full()

    answer = pressed(lambda: zipped(half))
    assert answer.error_msg.startswith("The file could not be made: this machine has no room for it (No space left on device).")
    assert "/tmp" not in answer.error_msg and not list(tmp_path.iterdir())


def test_who_presses_again_when_there_is_room_gets_the_file():
    tries = iter([full, lambda: b"file"])
    assert pressed(lambda: next(tries)(), times=2).deferred_file.url


def test_it_is_told_in_the_viewer_s_language_and_other_errors_keep_their_paths_for_the_log():
    with speaking("zh"):
        assert "磁盘" in pressed(full).error_msg or "空间" in pressed(full).error_msg

    def broken():
        raise OSError(errno.EIO, "broken", "/home/somebody")

    assert "log of the dashboard" in pressed(broken).error_msg and "/home" not in pressed(broken).error_msg


def test_what_we_say_ourselves_is_said_there():
    def refused():
        raise InputError("It is too long.", "Shorten it.")

    assert pressed(refused).error_msg == "It is too long. Shorten it."

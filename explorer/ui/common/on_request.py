"""Files that are made when a viewer asks for them: where one cannot be made, the button says why, and the page stays as it is.

Streamlit makes them in a thread of its own, after the page has run, and answers to whatever goes wrong: "Failed to generate file for download".
Its button shows what the answer says, so the answer says it in the viewer's words.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextvars import ContextVar

from streamlit.proto.BackMsg_pb2 import BackendOperationRequest
from streamlit.proto.ForwardMsg_pb2 import BackendOperationResponse
from streamlit.runtime.backend_operation_handler import DeferredFileHandler

from explorer.i18n import _, carried, explained
from models.atomic import is_full
from models.errors import ExplorerError

_SAID: ContextVar[list[str] | None] = ContextVar("said of a file that could not be made", default=None)


def on_request(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """The same file, made in the language of now, for `st.download_button`; what goes wrong is told to the viewer."""
    spoken = carried()

    def made() -> bytes:
        try:
            return spoken.copy().run(make)
        except Exception as error:
            if (said := _SAID.get()) is not None:
                said.append(spoken.copy().run(_words, error))
            raise

    return made


def _words(error: Exception) -> str:
    """No path: what is made for a download lies in a folder that is the server's business."""
    if is_full(error) or isinstance(error, MemoryError):
        return _("The file could not be made: this machine has no room for it ({reason}). Make room, and press again.").format(
            reason=os.strerror(errno.ENOSPC) if is_full(error) else _("memory")
        )
    if isinstance(error, ExplorerError) and error.__cause__ is None:
        return explained(error)
    return _("The file could not be made. What went wrong stands in the log of the dashboard.")


async def _answered(handler: DeferredFileHandler, request: BackendOperationRequest, session_id: str) -> BackendOperationResponse:
    said: list[str] = []
    before = _SAID.set(said)
    try:
        response = await _as_streamlit(handler, request, session_id)
    finally:
        _SAID.reset(before)
    if response.error_msg and said:
        response.error_msg = said[-1]
    return response


if DeferredFileHandler.handle.__name__ != "_answered":  # this module may be loaded anew while the dashboard runs
    _as_streamlit = DeferredFileHandler.handle
    DeferredFileHandler.handle = _answered

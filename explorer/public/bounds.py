"""What strangers may open on a public server, and how much of the machine one of them gets."""

from __future__ import annotations

from collections.abc import Iterable

from explorer import limits
from models.opening import allowed, catalogue
from models.training import settings

UPLOAD_MB, ALL_UPLOADS_MB = 20, 60
"""Of one file, and of all that one session has given; they stay in memory and are gone with the session."""
JOB_SECONDS, JOBS = 600.0, 4
"""For one computation, and of one viewer at once."""
TABS = 400
"""Open at once, of all viewers together: a tab takes about a third of a megabyte, beside what is computed for it."""
TEXT_BYTES, TEXT_WORK = 256 * 2**20, 2e12
"""Memory and multiply-adds of one text: about half a minute on a laptop."""
TRAINING_BYTES, TRAINING_WORK = 192 * 2**20, 2e13
"""Memory of a step, and multiply-adds of a training: about five minutes on a laptop."""


def begin(names: Iterable[str] = ()) -> None:
    """From now on, in all of this process.

    Args:
        names: ids on the hub that may be opened, beside the bundled models and those of the list in the sidebar.
    """
    allowed.share_with_strangers()
    allowed.NOW.names = frozenset({entry.name for entry in catalogue.CATALOGUE} | set(names))
    limits.NOW.job_seconds, limits.NOW.jobs = JOB_SECONDS, JOBS
    limits.NOW.text_bytes, limits.NOW.text_work = TEXT_BYTES, TEXT_WORK
    settings.MOST.bytes, settings.MOST.work = TRAINING_BYTES, TRAINING_WORK

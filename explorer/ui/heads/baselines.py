"""What the heads of a model are compared with and no text changes: computed once, kept as long as the model is open."""

from __future__ import annotations

from dataclasses import replace

from explorer.bounded import BoundedCache
from explorer.i18n import _
from explorer.jobs import Report
from explorer.scores import baselines
from explorer.scores.baselines import Baselines
from explorer.ui.common import jobs
from explorer.ui.common.open_models import OPEN
from models import Model

KEPT_BYTES = 512 * 2**20
"""Of all models together, for all viewers."""
_NETWORK_BYTES = KEPT_BYTES // 4
"""A network with random weights that takes more memory is drawn again for each text: it would be a second model beside the first."""

_KEPT: BoundedCache[Baselines] = BoundedCache(KEPT_BYTES, lambda found: found.memory_bytes)
OPEN.on_close(lambda number: _KEPT.pop(number))


def known(number: int) -> Baselines | None:
    """Those of the model with this number, where they were computed."""
    return _KEPT.get(number)


def computed(model: Model) -> Baselines | None:
    """Those of a model; None while they are computed, and where the viewer stopped that: the page says so."""
    if (found := known(model.number)) is not None:
        return found
    key = ("head baselines", model.number)

    def work(report: Report) -> Baselines:
        made = baselines.of_model(model, report)
        if made.memory_bytes > _NETWORK_BYTES:
            made = replace(made, random=None)
        _KEPT[model.number] = made
        return made

    return jobs.computed(key, _("Scoring repeated tokens, and random weights"), work, moment=0, kept_elsewhere=True)

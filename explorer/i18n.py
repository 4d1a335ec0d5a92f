"""The words on the pages go through `_`, so that a catalogue in another language can replace them (gettext)."""

import gettext
from pathlib import Path

_ = gettext.translation("explorer", Path(__file__).parent / "locale", fallback=True).gettext

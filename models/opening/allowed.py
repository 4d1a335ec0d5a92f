"""What may be opened: anything for who sits at this machine, less where a dashboard is shared with strangers."""

from __future__ import annotations

from dataclasses import dataclass

from huggingface_hub import constants


@dataclass
class Allowed:
    """Of this process.

    Attributes:
        folders: whether folders and files of this machine may be opened by their paths.
        fetched_bytes: largest model that is fetched from the hub.
    """

    folders: bool = True
    fetched_bytes: float = 40e9


NOW = Allowed()


def share_with_strangers() -> None:
    """From now on, in all of this process: no paths, no large downloads, and the hub is asked without the token of who serves."""
    NOW.folders, NOW.fetched_bytes = False, 4e9
    constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = True

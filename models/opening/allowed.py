"""What may be opened: anything for who sits at this machine, less where a dashboard is shared with strangers."""

from __future__ import annotations

from dataclasses import dataclass

from huggingface_hub import constants


@dataclass
class Allowed:
    """Of this process.

    Attributes:
        folders: whether folders and files of this machine may be opened by their paths.
        cache: whether what the hub's cache holds may be opened without asking the hub who may see it: it may have been fetched with the
            token of who serves.
        fetched_bytes: largest model that is fetched from the hub.
        names: models that may be opened beside the bundled ones, "owner/model" or "owner/model@revision"; None for any.
    """

    folders: bool = True
    cache: bool = True
    fetched_bytes: float = 40e9
    names: frozenset[str] | None = None


NOW = Allowed()


def share_with_strangers() -> None:
    """From now on, in all of this process: no paths, no large downloads, nothing that the hub does not show to everybody, and it is asked
    without the token of who serves."""
    NOW.folders, NOW.cache, NOW.fetched_bytes = False, False, 4e9
    constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = True

"""What argparse says itself, in the language of the shell: it asks Python's own catalogues, which have no Chinese."""

from __future__ import annotations

import argparse
import gettext

from explorer.i18n import N_, _

_WORDS = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("not allowed with argument %s"),
    N_("one of the arguments %s is required"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
)
"""As argparse has them. What is not among them is for whoever writes commands, not for who types them."""


def speak() -> None:
    """From now on argparse asks our catalogue for these, in the language that is spoken when they are said."""
    argparse._ = lambda message: _(message) if message in _WORDS else gettext.gettext(message)

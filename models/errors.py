"""What can go wrong, in words for a viewer: each error says what happened and what to do about it."""


class ExplorerError(Exception):
    """An error whose text is meant for the person in front of the screen.

    Args:
        problem: one sentence, what happened.
        advice: one sentence, what to do about it; may be empty.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(f"{problem} {advice}".strip())
        self.problem = problem
        self.advice = advice


class ModelError(ExplorerError):
    """A model could not be found, fetched, read or shown."""


class OutOfMemoryError(ModelError):
    """The accelerator has no room for the model or for the text."""


class MovedError(ModelError):
    """The model was moved to another device while something was computed with it."""


class InputError(ExplorerError):
    """A text, pair or target that the model cannot take."""


class WriteError(ExplorerError):
    """A file or a folder could not be written; what was there before is as it was."""

"""A picture whose description was made for other data has to be the one that would be made for its own."""

import re

from explorer.charts.common.picture import Description, Picture


def unnamed(picture: Picture) -> str:
    """The picture without the names that Altair counts up for its views."""
    return re.sub(r'"(view|layer|concat)_\d+"', '"view"', picture.to_json())


def assert_same(first: Picture, second: Picture, made: Description) -> None:
    """Two pictures of different data have one description, and the second is as if it had been made alone."""
    assert first.description is second.description, "the structure is the same"
    assert unnamed(first) != unnamed(second), "the data are not"
    assert unnamed(second) == unnamed(Picture(made, second.tables, second.values, second.aloud))

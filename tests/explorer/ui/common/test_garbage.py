"""What is loaded once is looked through once."""

import gc

from explorer.ui.common import garbage


def test_what_is_there_is_not_looked_through_again_and_what_comes_later_is():
    garbage.freeze.cache_clear()
    before = len(gc.get_objects())
    try:
        garbage.freeze("test")
        assert gc.get_freeze_count() >= before / 2 and len(gc.get_objects()) < before / 2
        later: list = []
        later.append(later)
        number = id(later)
        del later
        assert any(id(one) == number for one in gc.get_objects())
        gc.collect()
        assert not any(id(one) == number and isinstance(one, list) for one in gc.get_objects())
    finally:
        gc.unfreeze()
        garbage.freeze.cache_clear()

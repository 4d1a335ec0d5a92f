"""Small pictures show shapes and no words, since a class that sees the contents has not been asked yet."""

import pytest

from explorer import export
from explorer.lectures import thumbnails
from explorer.lectures.registry import demos
from explorer.lectures.words import read


@pytest.mark.parametrize("demo", demos(), ids=lambda demo: demo.id)
def test_a_small_picture_has_no_words_but_those_that_are_the_picture(demo, opener):
    words = read(demo.module, "en")
    drawn = demo.pictures(demo.compute(opener, **demo.defaults(words)), words, False)[demo.small]
    plain, small = (export.picture(lambda one=one: one, "svg").decode() for one in (drawn, thumbnails.Wordless(drawn)))
    shapes = [svg.count("<path") + svg.count("<rect") + svg.count("<line") for svg in (plain, small)]
    assert plain.count("<text") > small.count("<text") == 0 and shapes[1] > 1
    assert thumbnails.picture_of(demo).is_file()

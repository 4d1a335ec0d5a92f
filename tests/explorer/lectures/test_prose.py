"""The course's Markdown as HTML of the phones' page."""

import re

import pytest

from explorer.i18n import LANGUAGES
from explorer.lectures import demos
from explorer.lectures.prose import line, paragraphs
from explorer.lectures.words import read
from explorer.ui.common.markdown import escaped
from tests.punctuation import latin


def test_what_stands_out_stands_out_and_nothing_becomes_a_tag():
    assert line("*a* **b** `c`") == "<em>a</em> <strong>b</strong> <code>c</code>"
    assert paragraphs("one\n\ntwo") == "<p>one</p>\n<p>two</p>"
    for evil in ("<script>x</script>", "<img src=x onerror=x>", "![a](http://x.example/y.png)", "[a](javascript:x)", "<http://x.example>"):
        made = paragraphs(evil)
        assert not re.search(r"<(script|img|a)\b", made), made


@pytest.mark.parametrize("text", ["a < b", "*not* so", "1. x", "[CLS] `x` $y$ ~z~", "a_b_c", "<b>"])
def test_a_text_of_a_lecturer_is_read_as_it_is(text):
    shown = re.sub(r"<[^>]+>", "", paragraphs(escaped(text)))
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&").replace("\u2060", "") == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_of_the_course_needs_more_than_that(language):
    """Formulas and icons of Streamlit would stand there as they are written."""
    for demo in demos():
        words = read(demo.module, language)
        for text in (words.title, words.question, *words.options.values(), words.show, words.notice, words.follow):
            assert not re.search(r"\$|:material|^#|^\||:[a-z]+\[", text, re.M), (demo.id, text)
            assert not re.search(r"(?<![\w*])\*\*?\w", re.sub(r"<[^>]+>", "", paragraphs(text))), (demo.id, text)


def test_chinese_is_written_with_its_own_signs():
    assert (
        latin("评测是 GLUE, SQuAD：理解") and latin('离"相等"有多近') and latin("先看,再说") and latin("看完.") and latin("第一 (表三)，再看: 图")
    )
    assert not latin("评测是 GLUE、SQuAD：理解") and not latin("[2, 1, 0.5] 的最大项，约 1, 2, 3；`a, b`") and not latin("GLUE, SQuAD")
    for demo in demos():
        words = read(demo.module, "zh")
        texts = (words.title, words.question, *words.options.values(), words.show, words.notice, words.follow, words.notes)
        for text in (*texts, *words.labels.values(), *(what for what, _much, _who in words.published)):
            assert not latin(text), (demo.id, text)

"""What nobody would type on purpose, and somebody will: texts, files and words of an address."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

TOTAL = 500
"""Inputs that a run tries, all tests together; `tests/conftest.py` makes it 10,000 for a night."""
PARTS = 1
"""Tests that each kind of input is divided among. At night there are as many as make none of them long, also on a slow machine."""

WORDS = (
    *("", " ", "\t\n", "\x00", "\u200b", "\u202e", "\ufeff", "\ufffd", "e\u0301", "\u0301" * 40),
    *("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'; drop table heads; --", "{{7*7}}", "${jndi:ldap://x}", "%s%n%x"),
    *("../../../../etc/passwd", "file:///etc/passwd", "~root", "\\\\host\\share", "con", "true", "null", "[]", "{}"),
    *("-1", "0", "1e999", "nan", "inf", "-0.0", "0x10", "\u0663", "\u00b2", "1_000", "9" * 5000, "a" * 300),
    *("\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd", "\U0001f469\u200d\U0001f467", "\u6211\u7231\u4f60", "\ufdfa"),
)
"""Those that broke something somewhere."""
TEXTS = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=300),
    st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
    # Long ones of few letters: 100,000 characters are no more to draw than ten.
    st.builds(lambda piece, times: piece * times, st.text(min_size=1, max_size=5), st.sampled_from((1000, 20_000))),
)
BYTES = st.one_of(
    st.binary(max_size=400),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    TEXTS.map(lambda text: text.encode("utf-16", "surrogatepass")),
)
SEPARATORS = st.sampled_from((",", ";", "\t", "|", "||", " ", "\x00"))
TABLES = st.one_of(
    BYTES,
    st.builds(
        lambda rows, separator, ends: ends.join(separator.join(row) for row in rows).encode("utf-8", "surrogatepass"),
        st.lists(
            st.lists(
                st.one_of(st.sampled_from((*WORDS[:30], "text", "label", '"', '""', 'a "b" c', "0", "1")), st.text(max_size=12)), max_size=5
            ),
            max_size=8,
        ),
        SEPARATORS,
        st.sampled_from(("\n", "\r\n", "\r", "\n\n")),
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(("text", "label", "title", "steps", "kind", "name", "a")), inner, max_size=4)
    ),
    max_leaves=12,
)


def header(said: object, length: int | None = None) -> bytes:
    """The beginning of a safetensors file, with a length that may be a lie."""
    text = json.dumps(said).encode()
    return struct.pack("<Q", len(text) if length is None else length % 2**64) + text


def tried(share: float, *strategies: st.SearchStrategy, part: int = 0) -> Callable[[Callable[..., None]], int]:
    """Tries a function with its share of all inputs; gives how many there were.

    Args:
        share: of `TOTAL`.
        strategies: for its arguments.
        part: which of the `PARTS` that a night's tests are divided into. Each tries as many inputs, and others.
    """

    def on(holds: Callable[..., None]) -> int:
        count = 0

        def counted(drawn: tuple) -> None:
            nonlocal count
            count += 1
            holds(*drawn)

        most = max(1, round(share * TOTAL / PARTS))
        how = settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck))
        # Where CI asks for the same inputs each time, all parts would try the same.
        numbered = seed(part) if how.derandomize else lambda test: test
        numbered(how(given(st.tuples(*strategies))(counted)))()
        return count

    return on

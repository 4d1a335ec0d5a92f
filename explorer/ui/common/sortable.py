"""Chips to drag into another order, with the mouse, a finger or the arrow keys. Their texts are data: set as text, never as HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

_HTML = '<div class="chips" role="list"></div>'
_CSS = """
.chips{display:flex;flex-wrap:wrap;gap:.45rem;padding:.2rem;touch-action:none;user-select:none}
.chips.many{max-height:9.4rem;overflow-y:auto;padding:.4rem;touch-action:auto}
.many .chip{touch-action:none}
.chip{font:inherit;font-size:1rem;padding:.35rem .8rem;border-radius:1rem;border:1.5px solid var(--strong-ink,var(--st-primary-color));
cursor:grab;background:var(--st-secondary-background-color);color:var(--strong-ink,var(--st-text-color));white-space:pre}
.chip:focus-visible{outline:3px solid var(--st-primary-color);outline-offset:2px}
.chip.held{cursor:grabbing;background:var(--st-primary-color);color:var(--st-background-color)}
.chip small{opacity:var(--strong-opacity,.8);margin-left:.35rem;font-size:var(--least-letters,.7rem)}
"""
_JS = """
const MANY = 60;
export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector(".chips");
  // A chip that has the keyboard's focus when it is drawn again keeps it; nothing else loses the focus to a chip.
  const focused = [...box.children].find((chip) => chip.matches(":focus"))?.dataset.token;
  const order = () => [...box.children].map((chip) => Number(chip.dataset.token));
  // A trigger, not a state: the same order may come twice, and is news each time.
  const tell = () => setTriggerValue("order", order());
  const move = (chip, to) => {
    const others = [...box.children].filter((other) => other !== chip);
    box.insertBefore(chip, others[to] ?? null);
  };
  // What is made of them stands below, and is to be seen beside them: chips of a long text are scrolled.
  box.classList.toggle("many", data.order.length > MANY);
  const scrolled = box.scrollTop;
  box.replaceChildren(...data.order.map((token) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "chip";
    chip.dataset.token = token;
    chip.textContent = data.labels[token];
    chip.setAttribute("role", "listitem");
    if (data.numbered) {
      const number = document.createElement("small");
      number.textContent = token;
      chip.append(number);
    }
    chip.onkeydown = (event) => {
      const at = [...box.children].indexOf(chip), last = box.children.length - 1;
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      if (to < 0 || to > last || to === at) return;
      move(chip, to);
      chip.focus();
      tell();
    };
    chip.onpointerdown = (event) => {
      if (event.button !== 0) return;
      chip.classList.add("held");
      const before = order().join(), watched = new AbortController(), how = { signal: watched.signal };
      const drag = (moved) => {
        // The chip under the pointer makes room: before it where the pointer is in its first half.
        const over = [...box.children].find((other) => {
          const r = other.getBoundingClientRect();
          return other !== chip && moved.clientX >= r.left && moved.clientX <= r.right && moved.clientY >= r.top && moved.clientY <= r.bottom;
        });
        if (!over) return;
        const r = over.getBoundingClientRect();
        const next = moved.clientX < r.left + r.width / 2 ? over : over.nextSibling;
        if (next !== chip && chip.nextSibling !== next) box.insertBefore(chip, next);
      };
      const drop = () => {
        watched.abort();
        chip.classList.remove("held");
        if (order().join() !== before) tell();
      };
      // On the window: a chip that is moved in the page loses the pointer.
      window.addEventListener("pointermove", drag, how);
      window.addEventListener("pointerup", drop, how);
      window.addEventListener("pointercancel", drop, how);
    };
    return chip;
  }));
  box.scrollTop = scrolled;
  if (focused !== undefined) box.querySelector(`[data-token="${Number(focused)}"]`)?.focus();
}
"""
_chips = st.components.v2.component("attention_explorer.chips", html=_HTML, css=_CSS, js=_JS)


def chips(labels: Sequence[str], order: Sequence[int], key: str, on_change: Callable[[list[int]], None], numbered: bool = True) -> None:
    """Draws the chips.

    Args:
        labels: texts of all tokens, by number.
        order: numbers of the tokens, as they stand.
        key: of the widget.
        on_change: told the new order, before the page runs again.
        numbered: whether each chip has its number beside its text.
    """

    def changed() -> None:
        found = st.session_state[key].get("order")
        # What comes from the browser is taken only if it is an order of these tokens.
        if isinstance(found, list) and sorted(map(int, found)) == list(range(len(labels))):
            on_change([int(i) for i in found])

    _chips(key=key, data={"labels": list(labels), "order": list(order), "numbered": numbered}, on_order_change=changed)

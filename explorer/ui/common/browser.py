"""What only the browser can see or mend: that the system's theme changed, and colours that are named by the page's address.

- When the system turns dark while a page is open, Streamlit repaints its own parts at once and runs no script. The charts would keep the
  colours of the light theme, so the script is asked to run.
- Vega names the gradient of a colour bar by the whole address of the page (`url(http://..#gradient)`). When the address changes, that
  names nothing any more, and the bar loses its colours. Named by its place in the page (`url(#gradient)`), it keeps them.
"""

from __future__ import annotations

import streamlit as st

_JS = """
const once = "__attentionExplorerBrowser";
const named = /url\\("?[^"#)]+#([^")]+)"?\\)/;

function mend(element) {
  for (const name of ["fill", "stroke", "clip-path", "mask"]) {
    const value = element.getAttribute && element.getAttribute(name);
    const found = value && named.exec(value);
    if (found) element.setAttribute(name, `url(#${found[1]})`);
  }
}

export default function ({ setTriggerValue }) {
  const state = (window[once] ??= {});
  state.tell = () => setTriggerValue("theme", window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  if (state.watching) return;
  state.watching = true;
  // The theme of the page follows a moment after that of the system.
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(() => state.tell(), 150));
  const all = (root) => root.querySelectorAll && root.querySelectorAll("svg.marks [fill^='url('], svg.marks [stroke^='url(']").forEach(mend);
  all(document);
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") mend(change.target);
      else change.addedNodes.forEach((node) => node.nodeType === 1 && (mend(node), all(node)));
    }
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["fill"] });
}
"""
_watch = st.components.v2.component("attention_explorer.browser", html="<span></span>", js=_JS)


def watch() -> None:
    """Draws nothing that can be seen; once a run, on every page."""
    with st.container(key="browser_watch"):
        _watch(key="browser", on_theme_change=lambda: None)

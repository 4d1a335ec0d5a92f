// A lecture outlives its tab; kept.py says how.

const ONCE = "__attentionExplorerLecture";
const PREFIX = "attention-explorer-lecture:";
// Lectures of other tabs that are kept.
const MOST = 5;

function others(store, token) {
  const found = [];
  for (const key of Object.keys(store)) {
    if (!key.startsWith(PREFIX) || key === PREFIX + token) continue;
    try {
      const { at, text } = JSON.parse(store.getItem(key));
      found.push({ key, at: Number(at), text: String(text) });
    } catch { store.removeItem(key); }
  }
  return found.sort((one, other) => other.at - one.at);
}

export default function ({ setTriggerValue, data }) {
  const state = (window[ONCE] ??= {});
  let store;
  // A browser may keep nothing for a page.
  try { store = window.localStorage; } catch { return; }
  data.forget.forEach((token) => store.removeItem(PREFIX + token));
  if (data.text && data.text !== state.text) {
    try { store.setItem(PREFIX + data.token, JSON.stringify({ at: Date.now(), text: data.text })); } catch { /* its store is full */ }
  } else if (data.empty && state.text) store.removeItem(PREFIX + data.token);
  state.text = data.text;
  // Once for each session: another begins when the page is loaded again, or the server is.
  if (state.token === data.token) return;
  state.token = data.token;
  const found = others(store, data.token);
  found.slice(MOST).forEach((one) => store.removeItem(one.key));
  if (!found.length) return;
  const [{ key, at, text }] = found;
  setTriggerValue("found", { token: key.slice(PREFIX.length), text, when: new Date(at).toLocaleString(document.documentElement.lang || undefined) });
}

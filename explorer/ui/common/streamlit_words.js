// What Streamlit itself says in English is said in the viewer's language; streamlit_words.py says what, and where.

const SPOKEN = ["placeholder", "aria-label", "title"];

// The same words otherwise, or undefined for what is not known.
function otherwise(text, said) {
  const bare = text.trim();
  if (!bare) return undefined;
  if (Object.hasOwn(said.words, bare)) return text.replace(bare, () => said.words[bare]);
  for (const [pattern, replacement] of said.parts) if (pattern.test(bare)) return text.replace(bare, () => bare.replace(pattern, replacement));
  return undefined;
}

// React goes on from what it wrote itself, and writes again where that changes; so what stood here is kept, for the other language.
function sayText(node, state) {
  const of = node.parentElement;
  if (!of || !of.closest(state.said.places)) return;
  const known = state.spoken.get(node), english = known && known.now === node.nodeValue ? known.english : node.nodeValue;
  const now = otherwise(english, state.said) ?? english;
  if (now !== node.nodeValue) node.nodeValue = now;
  if (now !== english) state.spoken.set(node, { english, now });
}

function sayAttributes(element, state) {
  const known = state.spoken.get(element) ?? {};
  for (const name of SPOKEN) {
    const value = element.getAttribute(name);
    if (!value) continue;
    const english = known[name]?.now === value ? known[name].english : value;
    const now = otherwise(english, state.said) ?? english;
    if (now !== value) element.setAttribute(name, now);
    if (now !== english) known[name] = { english, now };
  }
  if (Object.keys(known).length) state.spoken.set(element, known);
}

function sayAll(root, state) {
  if (root.nodeType === Node.TEXT_NODE) return sayText(root, state);
  if (root.nodeType !== Node.ELEMENT_NODE || root.closest("svg")) return;
  sayAttributes(root, state);
  root.querySelectorAll("[placeholder], [aria-label], [title]").forEach((element) => element.closest("svg") || sayAttributes(element, state));
  const within = root.closest(state.said.places) ? [root] : root.querySelectorAll(state.said.places);
  for (const place of within) {
    const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) sayText(texts.currentNode, state);
  }
}

// At each run: all again where the language is another one.
function speak(state, given) {
  const key = JSON.stringify(given);
  if (state.saidKey === key) return;
  const first = state.said === undefined;
  state.saidKey = key;
  state.said = { places: given.places.join(), words: given.words, parts: given.parts.map(([pattern, to]) => [new RegExp(pattern), to]) };
  if (first && !Object.keys(given.words).length) state.said = undefined;
  if (!state.said) { state.saidKey = undefined; return; }
  state.spoken ??= new WeakMap();
  sayAll(document.body, state);
  if (state.listens) return;
  state.listens = true;
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach((node) => sayAll(node, state));
      else if (change.type === "characterData") sayText(change.target, state);
      else if (!change.target.closest("svg")) sayAttributes(change.target, state);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: SPOKEN });
}

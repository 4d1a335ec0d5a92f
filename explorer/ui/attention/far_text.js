// A part of a long text, each token as strong in colour as the chosen one looks at it; or a list of edges. far_text.py says what comes.
export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector(".beside");
  box.setAttribute("aria-label", data.label);
  box.classList.toggle("high", data.high);
  // Tokens are words of a text, not a hundred stops on the way of the keyboard: with the focus on the text, the arrows go from one to the next.
  box.onpointerdown = () => (box.pointed = true);
  box.onblur = () => (box.pointed = false);
  box.onclick = (event) => event.target.dataset.at && setTriggerValue("token", Number(event.target.dataset.at));
  box.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || data.edges || box.pointed || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setTriggerValue("token", (data.query ?? data.key ?? data.first - step) + step);
  };
  if (data.edges) {
    box.replaceChildren(...data.edges.map(({ query, key, from, to, weight, distance }) => {
      const made = document.createElement("button");
      made.type = "button";
      made.onclick = () => setTriggerValue("edge", [query, key]);
      made.className = query === data.query && key === data.key ? "edge chosen" : "edge";
      for (const [part, text] of Object.entries({ ends: `${from} → ${to}`, weight, distance })) {
        const span = document.createElement("span");
        span.className = part;
        span.textContent = text;
        made.append(span);
      }
      return made;
    }));
    return;
  }
  const tokens = data.tokens.flatMap(([text, position, fill, ink, title, ends]) => {
    const made = document.createElement("span");
    Object.assign(made, { textContent: text, title });
    made.dataset.at = position;
    made.className = position === data.query ? "token chosen" : position === data.key ? "token looked" : "token";
    if (fill) Object.assign(made.style, { background: fill, color: ink });
    return ends ? [made, document.createElement("br")] : [made];
  });
  box.replaceChildren(...tokens);
  const name = `${data.first} ${data.query} ${data.key}`;
  // What was chosen is to be seen, when something else was chosen; who scrolls is left alone.
  if (box.dataset.shows !== name) {
    box.dataset.shows = name;
    const seen = box.querySelector(".looked") ?? box.querySelector(".chosen");
    if (seen) box.scrollTop = seen.offsetTop - box.offsetTop - box.clientHeight / 2;
  }
}

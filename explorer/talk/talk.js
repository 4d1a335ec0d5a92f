// Plays a lecture: no server, no network. What is drawn was computed when the file was made.
"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
const STORE = JSON.parse(document.getElementById("store").textContent);
const LETTERS = "ABCDEF";
const $ = (id) => document.getElementById(id);
const state = { at: 0, language: DATA.language, stands: {}, hands: {}, judged: {}, contents: false, since: Date.now(), drawn: 0 };
let beside = null;

// An element with children, of which texts are texts and never HTML.
function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "html") element.innerHTML = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const says = () => DATA.says[state.language];
const step = () => DATA.steps[state.at];
const film = (one = step()) => (one.kind === "demo" ? DATA.films[one.film] : null);
const stands = (of = step().film) => (state.stands[of] ??= [...DATA.films[of].at]);
const frame = () => film().frames[stands().join(".")];
const hands = () => (state.hands[(film() ?? step().claim).id] ??= {});
// A claim whose verdict is on the screen; it was taken so, or put to the test since.
const judged = () => (state.judged[state.at] ??= step().shown);

// The options in an order that tells nothing: the same in every window, as nobody can be asked. Letters of the words tell the right one.
function order(of) {
  const letters = Object.keys(of.words[state.language].options);
  let seed = [...of.id].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7);
  for (let i = letters.length - 1; i > 0; i--) {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    const j = (seed >>> 8) % (i + 1);
    [letters[i], letters[j]] = [letters[j], letters[i]];
  }
  return letters;
}

const called = (of, html) => html.replace(/\{([A-F])\}/g, (all, letter) => {
  const at = order(of).indexOf(letter);
  return at < 0 ? all : LETTERS[at];
});

function title(one) {
  if (one.kind !== "demo") return one.title || "";
  return `${film(one).id} · ${film(one).words[state.language].title}`;
}

const table = (kept) => (Array.isArray(kept) ? kept.map((row) => ({ ...row }))
  : kept.rows.map((row) => Object.fromEntries(kept.columns.map((name, i) => [name, row[i]]))));

// Fills the box with the picture as large as it can be there; where its letters would be too small for a hall, they decide, and the page scrolls.
const HALL = 24 / 1920;
function fit(box) {
  const drawing = box.querySelector("svg.marks, canvas.marks");
  if (!drawing) return;
  const svg = drawing.viewBox !== undefined;
  const [wide, high] = svg ? [drawing.viewBox.baseVal.width, drawing.viewBox.baseVal.height] : [drawing.width / devicePixelRatio, drawing.height / devicePixelRatio];
  // What is left without the picture: it must not hold the room open that it had in a larger window.
  [box.style.minHeight, drawing.style.height] = ["", "0px"];
  const letters = svg ? [...drawing.querySelectorAll("text")].filter((text) => text.textContent.trim()).map((text) => parseFloat(text.getAttribute("font-size")) || 100) : [];
  const inputs = box.querySelector("form.vega-bindings")?.offsetHeight ?? 0;
  const least = letters.length ? (HALL * innerWidth) / Math.min(...letters) : 0;
  const scale = Math.min(box.clientWidth / wide, Math.max((box.clientHeight - inputs - 6) / high, least));
  drawing.style.width = `${wide * scale}px`;
  drawing.style.height = `${high * scale}px`;
  box.style.minHeight = `${high * scale + inputs}px`;
}

async function draw(box, picture, number) {
  const filled = Object.fromEntries(Object.entries(picture.tables).map(([name, at]) => [name, table(STORE[at])]));
  box.setAttribute("aria-label", picture.aloud || title(step()));
  // The same picture with other numbers keeps its place; another is drawn anew.
  if (box.shown && box.shown.spec === picture.spec) {
    for (const [name, rows] of Object.entries(filled)) box.shown.view.data(name, rows);
    // Other numbers may need more room at an axis: without being told, Vega keeps that of the numbers before, and cuts titles.
    await box.shown.view.resize().runAsync();
  } else {
    const spec = structuredClone(STORE[picture.spec]);
    const target = made("div");
    const found = await vegaEmbed(target, { ...spec, datasets: filled }, { actions: false, renderer: "svg", ast: false });
    if (number !== state.drawn) return found.view.finalize();
    // Not before: who moves back while the other is being made gets this one again, alive.
    box.shown?.view.finalize();
    box.replaceChildren(target);
    box.shown = { view: found.view, spec: picture.spec };
    // Vega calls a layer that has nothing to show a symbol without a name.
    for (const marks of box.querySelectorAll("g[role=graphics-symbol][aria-roledescription$='mark container']:not([aria-label])")) marks.setAttribute("role", "graphics-object");
  }
  fit(box);
}

function pictures(row, of) {
  const number = state.drawn;
  while (row.children.length > of.length) row.lastChild.remove();
  while (row.children.length < of.length) row.append(made("div", { role: "img" }));
  row.hidden = !of.length;
  of.forEach((picture, i) => draw(row.children[i], picture, number));
}

function controls() {
  const of = film(), chosen = stands();
  const fields = of.controls.map((control, i) => {
    const values = control.values[state.language], name = control.title[state.language];
    const change = (value) => { chosen[i] = +value; redraw(); };
    if (!control.slider) {
      const choice = made("select", { onchange: (event) => change(event.target.value) }, ...values.map((text, at) => made("option", { value: at, selected: at === chosen[i] }, text)));
      return made("label", {}, name, choice);
    }
    const shown = made("output", {}, values[chosen[i]]);
    const input = made("input", { type: "range", min: 0, max: values.length - 1, step: 1, value: chosen[i], "aria-label": name, oninput: (event) => {
      shown.textContent = values[event.target.value];
      event.target.setAttribute("aria-valuetext", shown.textContent);
      change(event.target.value);
    } });
    return made("label", {}, made("span", {}, `${name}: `, shown), input);
  });
  const fixed = of.fixed[state.language].map(([name, value]) => `${name}: ${value}`).join(" · ");
  return [made("div", { class: "controls" }, ...fields), fixed ? made("small", { class: "fixed" }, `${says().fixed}: ${fixed}`) : null];
}

// What changes when a control moves, and nothing else: a slider that is held must stay where it is.
function redraw() {
  state.drawn += 1;
  const found = frame(), row = $("pictures"), gone = $("missing");
  if (!row) return;
  gone.hidden = Boolean(found);
  gone.textContent = says().missing.replace("{values}", film().controls.map((c, i) => `${c.title[state.language]} ${c.values[state.language][stands()[i]]}`).join(", "));
  pictures(row, found ? found[state.language][step().step === "notice" ? "more" : "show"] : []);
}

function ask(of) {
  const said = of.words[state.language];
  const options = order(of).map((letter, i) => made("button", { class: "option", onclick: () => count(i) },
    made("b", {}, LETTERS[i]), made("span", { html: said.options[letter] }), made("output", { id: `hands${i}` }, String(hands()[letter] ?? 0))));
  return [made("div", { class: "question", html: said.question }), ...options, made("small", {}, says().hands)];
}

function claim(one) {
  const said = one.claim[state.language], letters = Object.keys(said.options);
  const question = made("div", { class: "question", html: said.claim });
  if (!judged()) {
    const options = letters.map((letter, i) => made("button", { class: "option", onclick: () => count(i) },
      made("b", {}, LETTERS[i]), made("span", {}, said.options[letter]), made("output", { id: `hands${i}` }, String(hands()[letter] ?? 0))));
    return [question, ...options, made("small", {}, says().hands), made("button", { class: "onward", onclick: forward }, says().test)];
  }
  const verdict = made("div", { class: "verdict", "data-claim": one.claim.id }, made("b", {}, `${one.claim.sign} ${said.options[one.claim.verdict]}`), ` ${said.condition}`);
  const guesses = letters.map((letter, i) => guess(i, [said.options[letter]], letter, one.claim.verdict));
  return [question, verdict, made("div", { class: "found" }, made("div", {}, ...guesses, made("small", {}, says().computed)), made("div", { html: said.found }),
    numbers(said.measures, [])), said.source ? made("small", {}, said.source) : null];
}

function count(i) {
  const letter = (step().claim ? Object.keys(step().claim[state.language].options) : order(film()))[i];
  if (!letter) return;
  hands()[letter] = (hands()[letter] ?? 0) + 1;
  $(`hands${i}`).textContent = hands()[letter];
}

const place = () => [made("p", { id: "missing", hidden: true }), made("div", { class: "pictures", id: "pictures" })];

function guess(i, text, letter, right) {
  const is = letter === right;
  return made("div", { class: `guess ${is ? "right" : ""}` }, made("b", {}, LETTERS[i]), made("span", {}, ...text), made("i", {}, String(hands()[letter] ?? "")), made("b", {}, is ? "✓" : ""));
}

function numbers(measures, published) {
  const rows = measures.map(([name, value, against, holds]) => made("tr", {}, made("td", {}, name), made("td", {}, value), made("td", {}, against), made("td", {}, holds === null ? "" : holds ? "✓" : "✗")));
  const others = published.map(([what, much, who]) => made("tr", { class: "published" }, made("td", {}, what), made("td", {}, much), made("td", { colspan: 2 }, who)));
  return made("table", {}, made("tbody", {}, ...rows, ...others));
}

function notice(of) {
  const said = of.words[state.language], found = frame()?.[state.language];
  if (!found) return place();
  const text = (letter) => made("span", { html: (of.first.includes(letter) ? "★ " : "") + said.options[letter] });
  const guesses = order(of).map((letter, i) => guess(i, [text(letter)], letter, found.right));
  const block = made("div", { class: "found" }, made("div", {}, ...guesses, made("small", {}, says().legend)), made("div", { html: called(of, found.notice) }),
    numbers(found.measures, said.published));
  return [block, ...place(), of.source[state.language] ? made("small", {}, of.source[state.language]) : null];
}

function body(one) {
  const of = film(one);
  if (one.kind === "text") return [made("div", { class: "words" }, made("h1", {}, one.title), made("div", { html: one.text }))];
  if (one.claim) return claim(one);
  if (one.kind === "page") {
    const from = says().page.replace("{page}", one.page).replace("{when}", one.taken);
    const address = `/${one.page}?${one.settings.join("&")}`;
    return [made("small", {}, one.taken ? from : says().no_picture.replace("{address}", address)), ...place(), made("small", {}, one.settings.join(" · "))];
  }
  if (one.step === "ask") return ask(of);
  if (one.step === "show") return [made("div", { html: of.words[state.language].show }), ...controls(), ...place()];
  if (one.step === "notice") return notice(of);
  const next = DATA.steps[state.at + 1];
  return [made("div", { class: "follow", html: of.words[state.language].follow }), next ? made("button", { class: "onward", onclick: () => go(state.at + 1) }, `→ ${title(next)}`) : null];
}

function contents() {
  return [made("div", { class: "contents" }, ...DATA.steps.map((one, i) => made("button", { onclick: () => go(i), "aria-current": i === state.at },
    `${i + 1} · ${title(one)}${one.kind === "demo" ? ` · ${says().steps[one.step]}` : ""}`)))];
}

function bar(one) {
  const button = (text, label, does, off = false) => made("button", { "aria-label": label, title: label, onclick: does, disabled: off }, text);
  const of = film(one);
  const same = of ? DATA.steps.map((other, i) => [other, i]).filter(([other]) => other.film === one.film) : [];
  const steps = same.map(([other, i]) => made("button", { "aria-current": i === state.at, onclick: () => go(i) }, says().steps[other.step]));
  return [button("☰", says().contents, () => { state.contents = !state.contents; render(); }), button("←", says().back, () => go(state.at - 1), state.at === 0),
    ...steps, button("→", says().next, () => go(state.at + 1), state.at === DATA.steps.length - 1),
    button(DATA.languages.find((other) => other !== state.language), says().language, speak), button("?", says().keys, help)];
}

function render() {
  state.drawn += 1;
  const one = step();
  document.documentElement.lang = state.language;
  $("where").textContent = `${state.at + 1} / ${DATA.steps.length}`;
  $("title").textContent = title(one);
  $("bar").replaceChildren(...bar(one));
  $("stage").replaceChildren(...(state.contents ? contents() : body(one)).filter(Boolean));
  $("stage").scrollTo(0, 0);
  if (!state.contents) {
    if (one.pictures) pictures($("pictures"), one.pictures);
    else if (one.kind === "demo" && $("pictures")) redraw();
    if (one.dark) for (const box of $("pictures").children) box.classList.add("dark");
  }
  tell();
}

function go(to) {
  if (to < 0 || to >= DATA.steps.length) return;
  state.at = to;
  state.contents = false;
  history.replaceState(null, "", `#${to + 1}`);
  render();
}

function speak() {
  state.language = DATA.languages[(DATA.languages.indexOf(state.language) + 1) % DATA.languages.length];
  render();
}

function help() {
  const open = document.querySelector("dialog");
  if (open) return open.remove();
  const list = says().all_keys.flatMap(([key, what]) => [made("dt", {}, key), made("dd", {}, what)]);
  const dialog = made("dialog", { onclose: () => dialog.remove() }, made("dl", {}, ...list), made("form", { method: "dialog" }, made("button", {}, "OK")));
  document.body.append(dialog);
  dialog.showModal();
}

// The speaker's window: notes of this step, what comes next, a clock.
function tell() {
  if (!beside || beside.closed) return;
  const one = step(), after = DATA.steps[state.at + 1], of = film(one), page = beside.document;
  const minutes = DATA.steps.slice(state.at).reduce((sum, other) => sum + other.minutes, 0);
  const own = made("div", { html: one.notes }), speakers = of ? made("div", { html: of.words[state.language].notes }) : null;
  const none = !own.textContent && !speakers ? made("p", {}, says().nothing) : null;
  page.title = says().notes;
  page.body.replaceChildren(...[made("h1", { id: "clock" }), made("h2", {}, `${state.at + 1} / ${DATA.steps.length} · ${title(one)}`), own, speakers, none,
    after ? made("p", {}, `→ ${title(after)}${after.kind === "demo" ? ` · ${says().steps[after.step]}` : ""}`) : null,
    made("p", {}, `${Math.round(minutes)} min`)].filter(Boolean));
  tick();
}

function tick() {
  if (!beside || beside.closed) return;
  const pad = (n) => String(Math.floor(n)).padStart(2, "0"), seconds = (Date.now() - state.since) / 1000;
  const clock = beside.document.getElementById("clock");
  if (clock) clock.textContent = `${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })} · ${pad(seconds / 60)}:${pad(seconds % 60)}`;
}

function notes() {
  beside = window.open("", "attention-explorer-notes", "width=900,height=700");
  if (!beside) return;
  beside.document.documentElement.style.font = "1.4rem/1.4 system-ui, sans-serif";
  beside.document.body.style.margin = "1.5rem";
  tell();
}

function reset() {
  if (step().kind !== "demo") return;
  state.stands[step().film] = [...film().at];
  render();
}

// A clicker has no wheel: what stands below the window is shown before the next step is.
function forward() {
  const stage = $("stage"), below = stage.scrollHeight - stage.clientHeight - stage.scrollTop;
  if (below > 24) stage.scrollBy({ top: Math.min(below, 0.8 * stage.clientHeight) });
  else if (step().claim && !judged() && !state.contents) {
    state.judged[state.at] = true;
    render();
  } else go(state.at + 1);
}

const KEYS = {
  ArrowRight: forward, PageDown: forward, ArrowLeft: () => go(state.at - 1), PageUp: () => go(state.at - 1),
  Home: () => go(0), End: () => go(DATA.steps.length - 1), r: reset, n: notes, l: speak, "?": help,
  f: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  ".": () => document.body.classList.toggle("black"), 0: () => { state.contents = !state.contents; render(); },
};
window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  // A control that is being moved has the arrows for itself; a clicker's keys always turn.
  if (event.target.closest("input, select, dialog") && !/^Page/.test(event.key)) return;
  const asks = step().claim ? !judged() : step().kind === "demo" && step().step === "ask";
  const letter = /^[a-e]$/.test(event.key) && asks && !state.contents;
  const does = letter ? () => count(event.key.charCodeAt(0) - 97) : KEYS[event.key];
  if (!does) return;
  event.preventDefault();
  does();
});
window.addEventListener("resize", () => document.querySelectorAll(".pictures > div").forEach(fit));
setInterval(tick, 500);
const asked = parseInt(location.hash.slice(1), 10);
state.at = asked >= 1 && asked <= DATA.steps.length ? asked - 1 : 0;
render();

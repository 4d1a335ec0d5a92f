// What only the browser can see or mend; browser.py says what for.

const ONCE = "__attentionExplorerBrowser";
const NAMED = /url\("?[^"#)]+#([^")]+)"?\)/;
// Pixels that letters have at least on a stage, and the share of the window that one figure fills at most.
const STAGE_LETTERS = 24, TALLEST = 0.86, ENDING = ".st-key-course_pictures", TOGETHER = ".st-key-lab_plots", UNDER = ".st-key-course_card";
// A figure at a desk grows with its window, but no more than this, as it is read from near; so much is left free below it, in pixels.
const DESK_LARGEST = 1.9, BELOW = 28, STILL = 0.01;
// The same on a stage, and the share of its window that has to be left below the page's head for a figure to end with it.
const STAGE_BELOW = 12, CARD_BELOW = 52, FIRST = 0.3;
// Addresses that follow each other within this time, and nothing done between them, are of one act.
const AT_ONCE_MS = 1000;
// After the last change that moves figures, so long until they are fitted once more.
const RESTS_MS = 300;

// A window that is narrower than this is small (style.css), in pixels; and how Streamlit calls what a person wants of the sidebar.
const SMALL = 1100, SIDEBAR = "stSidebarCollapsed";

const DARK = "(prefers-color-scheme: dark)", SYSTEM = "system";
const pageIsDark = () => getComputedStyle(document.querySelector(".stApp")).colorScheme.includes("dark");
const BOUND = ".vega-bind input[type=range]";

const TABLE = ".stDataFrame";
const isStrong = () => document.querySelector(".st-key-contrast_is_on") !== null;
const onStage = () => document.querySelector(".st-key-stage_is_on") !== null;
const charts = (root) => (root.querySelectorAll ? root.querySelectorAll(".stVegaLiteChart svg.marks") : []);

// The theme that the viewer chose, where the browser is asked for that of the system.
function answer(state) {
  const ask = window.matchMedia.bind(window);
  window.matchMedia = (query) => {
    const found = ask(query);
    if (query === DARK && state.theme !== SYSTEM) Object.defineProperty(found, "matches", { value: state.theme === "dark" });
    return found;
  };
}

function paint(state, theme) {
  if (state.theme === theme) return;
  state.theme = theme;
  // Streamlit looks anew when something was printed.
  window.dispatchEvent(new Event("afterprint"));
}

// Asks for a run when the page has another theme than the pictures were drawn for: once for each theme, whatever comes of it.
function compare(state, tries = 0) {
  const dark = pageIsDark();
  if (state.theme !== SYSTEM) return;
  if (dark !== state.system.matches && tries < 300) return requestAnimationFrame(() => compare(state, tries + 1));
  if (dark === state.drawn) state.told = undefined;
  else if (state.told !== dark) {
    state.told = dark;
    state.tell(dark ? "dark" : "light");
  }
}

function mend(element) {
  for (const name of ["fill", "stroke", "clip-path", "mask"]) {
    const value = element.getAttribute && element.getAttribute(name);
    const found = value && NAMED.exec(value);
    if (found) element.setAttribute(name, `url(#${found[1]})`);
  }
}

// Beside an input of a chart, the number that its own number stands for: 10 to the power of it, or one of a list (sliders.py).
function say(input) {
  const scale = input.type === "range" && getComputedStyle(input).getPropertyValue("--scale").trim();
  if (!scale) return;
  let shown = input.parentElement.querySelector("output");
  if (!shown) {
    shown = document.createElement("output");
    input.parentElement.append(shown);
  }
  const given = JSON.parse(scale);
  const number = Array.isArray(given) ? given[+input.value] : +(given ** +input.value).toPrecision(3);
  const words = number.toLocaleString("en", { maximumFractionDigits: 3 });
  if (shown.textContent !== words) shown.textContent = words;
}

function smallest(svg) {
  let least = 100;
  for (const text of svg.querySelectorAll("text")) {
    const size = parseFloat(text.getAttribute("font-size"));
    if (text.textContent.trim() && size < least) least = size;
  }
  return least;
}

// Streamlit's list of pages is a list of lists to the eye and none to a screen reader; and Vega calls a layer that has nothing to show a symbol
// without a name.
function name(root) {
  if (!root.querySelectorAll) return;
  for (const list of root.querySelectorAll("ul[data-testid=stSidebarNavItems], [data-testid=stSidebarNavItems] li")) list.setAttribute("role", "none");
  for (const marks of root.querySelectorAll("g[role=graphics-symbol][aria-roledescription$='mark container']:not([aria-label])")) {
    marks.setAttribute("role", "graphics-object");
  }
}

// The figures of a box, one below the other.
const stacked = (box) => [...box.querySelectorAll(":scope > .stElementContainer .stVegaLiteChart svg.marks")].filter((one) => one.viewBox.baseVal.height > 0);

// How large a figure with inputs becomes at a desk: with them beside it or above it, whichever is larger. Where they stand now decides nothing, or the
// figure would be another one whenever it is asked again, and end below the window half of the time.
function withInputs(svg, form, wide, room, free, desk) {
  const [style, around] = [getComputedStyle(form), getComputedStyle(form.parentElement)];
  const own = [...form.querySelectorAll(":scope > .vega-bind")].map((one) => one.getBoundingClientRect().height);
  const column = parseFloat(style.getPropertyValue("--column")), gap = parseFloat(style.columnGap);
  const across = Math.max(1, Math.floor((room + gap) / (column + gap)));
  let above = parseFloat(around.rowGap);
  for (let i = 0; i < own.length; i += across) above += Math.max(...own.slice(i, i + across)) + (i ? parseFloat(style.rowGap) : 0);
  const all = free + svg.getBoundingClientRect().top - form.parentElement.getBoundingClientRect().top;
  // A pixel more, and they would stand above it.
  const beside = (room - parseFloat(style.minWidth) - parseFloat(around.columnGap) - 2) / wide;
  const found = Math.max(Math.min(beside, desk(all)), Math.min(room / wide, desk(all - above)));
  // Before the style of the inputs is there, nothing is known of their place.
  return Number.isFinite(found) ? found : desk(free);
}

// A figure takes the width that there is, as long as its height fits the window; where its letters would be too small, they decide.
function fit(svg, sizes) {
  const box = svg.getAttribute("viewBox");
  const around = svg.closest(".stElementContainer")?.parentElement;
  if (!box || !around) return;
  // The columns beside a figure may come after it, and its room changes with them.
  sizes.observe(around);
  const [, , wide, high] = box.split(/[ ,]+/).map(Number);
  const style = getComputedStyle(around);
  const room = around.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  if (!(wide > 0 && high > 0 && room > 0)) return;
  const zoom = svg.currentCSSZoom ?? (parseFloat(getComputedStyle(document.querySelector(".stMainBlockContainer")).zoom) || 1);
  const stage = onStage();
  const beside = getComputedStyle(around).flexDirection === "row" && around.children.length > 1;
  const letters = STAGE_LETTERS / zoom / smallest(svg);
  // At a desk a figure ends where the window does, so that nothing has to be scrolled; but it is never made smaller than it was drawn. So it is
  // with the figures of the course on a stage, where the clicker goes to the next step and not down.
  const top = svg.getBoundingClientRect().top + (document.querySelector(".stMain")?.scrollTop ?? 0);
  const under = document.querySelector(UNDER)?.getBoundingClientRect().height ?? 0;
  // What stands below it in its own box ends there, too: words, and further figures, which grow as it does. On a stage words do not count: the
  // room is the figure's; and of figures in one box only those that are one look at one thing are seen at once.
  const together = beside || (stage && !svg.closest(TOGETHER)) ? [svg] : stacked(around);
  const above = together[0].getBoundingClientRect().top;
  const all = together.reduce((sum, one) => sum + one.getBoundingClientRect().height, 0);
  const drawn = together.reduce((sum, one) => sum + one.viewBox.baseVal.height, 0);
  const between = (stage ? together[together.length - 1] : around.lastElementChild).getBoundingClientRect().bottom - above - all;
  // Under a figure of the course its card stands, with its distances.
  const margin = stage && !svg.closest(ENDING) ? STAGE_BELOW : stage && under ? CARD_BELOW : BELOW;
  const free = window.innerHeight - (top + above - svg.getBoundingClientRect().top) - margin - under;
  const left = (free - (beside ? 0 : Math.max(0, between))) / zoom / drawn;
  const most = TALLEST * window.innerHeight / zoom / high;
  // On a stage the first figure ends with the window, and what comes below it gets a window of its own.
  const first = left * zoom * drawn > FIRST * window.innerHeight;
  const tall = !stage ? Math.max(1, left) : svg.closest(ENDING) || first ? left : most;
  const form = !stage && svg.closest(".vega-embed")?.querySelector("form:has(.vega-bind)");
  const desk = (height) => Math.min(Math.max(1, (height - Math.max(0, between)) / zoom / drawn), DESK_LARGEST);
  let scale = stage ? Math.max(Math.min(room / wide, tall), letters) : form ? withInputs(svg, form, wide, room, free, desk) : Math.min(tall, DESK_LARGEST);
  scale = Math.min(scale, room / wide);
  if (beside && !stage) scale = Math.min(1, scale);
  // A difference that nobody sees is none: it could move a bar for scrolling, and that the figure, without an end.
  const off = (now, full) => Math.abs(parseFloat(now) / full / scale - 1);
  if (off(svg.style.width, wide) < STILL && off(svg.style.height, high) < STILL) return;
  const [width, height] = [`${Math.round(wide * scale)}px`, `${Math.round(high * scale)}px`];
  svg.style.maxWidth = "none";
  svg.style.width = width;
  svg.style.height = height;
}

// All figures, once per frame however often it is asked for; and once more when the page has come to rest: while one picture takes the place of
// another, both stand in their box, and each seems to have half of its room.
function fitSoon(state) {
  clearTimeout(state.resting);
  state.resting = setTimeout(() => charts(document).forEach((svg) => fit(svg, state.sizes)), RESTS_MS);
  state.waiting ??= requestAnimationFrame(() => {
    state.waiting = null;
    if (!onStage()) clear(state);
    charts(document).forEach((svg) => fit(svg, state.sizes));
    reachable(state);
  });
}

function apply(event) {
  const inBar = event.target.matches?.("textarea") && event.target.closest(".st-key-text_bar");
  // 229: some browsers say so of the Enter that ends a composition.
  const composes = event.isComposing || event.keyCode === 229;
  if (!inBar || event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey || composes) return;
  event.preventDefault();
  event.stopPropagation();
  // A field that is left hands on what was typed.
  event.target.blur();
  event.target.focus();
}

function figures() {
  return [...document.querySelectorAll(".stMainBlockContainer .stVegaLiteChart")].filter((chart) => chart.getBoundingClientRect().height > 0);
}

// The next figure below what is in the middle of the window, or the last one above it.
function turn(down) {
  const middle = window.innerHeight / 2;
  const centre = (chart) => { const box = chart.getBoundingClientRect(); return (box.top + box.bottom) / 2 - middle; };
  const there = figures().filter((chart) => (down ? centre(chart) > 40 : centre(chart) < -40));
  const next = down ? there[0] : there[there.length - 1];
  // What stands at the end of a page never comes to the middle of the window: who asks for it once more is to get what comes next.
  const main = document.querySelector(".stMain"), before = main?.scrollTop;
  next?.scrollIntoView({ block: "center" });
  return next !== undefined && main?.scrollTop !== before;
}

// What belongs to the stage goes with it, whichever way somebody leaves.
function clear(state) {
  state.curtain?.remove();
  state.help?.remove();
}

function curtain(state) {
  state.curtain ??= Object.assign(document.createElement("div"), { className: "stage-curtain" });
  if (state.curtain.isConnected) state.curtain.remove();
  else document.body.append(state.curtain);
}

function help(state) {
  if (state.help?.isConnected) return state.help.remove();
  state.help = Object.assign(document.createElement("div"), { className: "stage-help" });
  for (const [key, what] of state.keys) {
    const row = document.createElement("div");
    row.append(Object.assign(document.createElement("kbd"), { textContent: key }), Object.assign(document.createElement("span"), { textContent: what }));
    state.help.append(row);
  }
  document.body.append(state.help);
}

// The button, wherever the sidebar hides it; the browser gives the whole screen only to what a person has just done.
function enterOrLeave(state) {
  const leaving = onStage();
  document.querySelector(".st-key-stage_button button")?.click();
  state.left = leaving;
  if (leaving) document.exitFullscreen?.().catch(() => {});
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

// The button that turns to another step of a lecture, where one is played on this page.
const plays = (way) => document.querySelector(`.st-key-talk_${way} button:not(:disabled)`);

// A clicker's keys turn a lecture, also when a slider was held last: it is asked before the slider is.
function clicks(event, state) {
  if (!event.key.startsWith("Page") || !event.target.closest?.("input[type=range]") || !(plays("next") || plays("back"))) return;
  event.stopPropagation();
  event.preventDefault();
  press(event, state);
}

function press(event, state) {
  const types = event.target.closest?.("input:not([type=range]), textarea, [contenteditable=true], [role=combobox], [role=dialog]")
    || (!event.key.startsWith("Page") && event.target.closest?.("input"));
  if (types || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const does = {
    f: () => enterOrLeave(state),
    t: () => state.turn(),
    ...(onStage() && { ".": () => curtain(state), "?": () => help(state), PageDown: () => turn(true), PageUp: () => turn(false) }),
    // A lecture goes on when there is no further figure.
    ...(plays("next") && { PageDown: () => (onStage() && turn(true)) || plays("next").click() }),
    ...(plays("back") && { PageUp: () => (onStage() && turn(false)) || plays("back").click() }),
    ...(onStage() && { Escape: () => (state.help?.isConnected || state.curtain?.isConnected ? clear(state) : enterOrLeave(state)) }),
  }[event.key];
  if (!does) return;
  // Where there is no further figure, the page scrolls as it always does.
  if (does() !== false) event.preventDefault();
}

export default function ({ setTriggerValue, data }) {
  document.documentElement.lang = data.language;
  const state = (window[ONCE] ??= {});
  state.keys = data.keys;
  state.tell = (theme) => setTriggerValue("theme", theme);
  state.turn = () => setTriggerValue("turn", true);
  state.drawn = data.dark;
  // What stands above a figure comes and goes, and with it the room that is left.
  state.sizes ??= new ResizeObserver(() => fitSoon(state));
  fitSoon(state);
  document.querySelectorAll(BOUND).forEach(say);
  const block = document.querySelector(".stMainBlockContainer");
  if (block) state.sizes.observe(block);
  if (!state.watching) begin(state);
  speak(state, data.said);
  paint(state, data.theme);
  compare(state);
  const strong = isStrong();
  if (strong !== state.strong) repaintTables();
  state.strong = strong;
}

// One act, one step to go back to. Streamlit makes one of each address: of one that only becomes complete, without anybody having done anything
// (address.finish), so that Back would end on the address before, which becomes complete again; and of two that follow each other at once, as
// where a click opens another page and this one's parameters are taken away first.
function completeInPlace(state) {
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (data, title, url) => {
    const [now, next] = [new URL(window.location.href), new URL(url, window.location.href)];
    const kept = [...now.searchParams].every(([name, value]) => next.searchParams.get(name) === value);
    // The parameters of a page that is opened may come before its name does: however long that takes, it is one step.
    const more = kept && (now.pathname === next.pathname || now.search !== "");
    if (!state.did && (more || performance.now() - state.pushed < AT_ONCE_MS)) return window.history.replaceState(data, title, url);
    [state.did, state.pushed] = [false, performance.now()];
    push(data, title, url);
  };
  for (const kind of ["pointerdown", "keydown", "input"]) window.addEventListener(kind, () => { state.did = true; }, true);
  window.addEventListener("popstate", () => { state.did = false; }, true);
}

// Tables are painted on a canvas, in greys of Streamlit's own that no style reaches: in high contrast all of their letters are black.
function inkTables() {
  const pen = CanvasRenderingContext2D.prototype, write = pen.fillText;
  pen.fillText = function (...what) {
    if (!isStrong() || !this.canvas.closest?.(TABLE)) return write.apply(this, what);
    const before = [this.fillStyle, this.globalAlpha];
    [this.fillStyle, this.globalAlpha] = ["#000", 1];
    write.apply(this, what);
    [this.fillStyle, this.globalAlpha] = before;
  };
}

// A table is painted anew when its size changes.
function repaintTables() {
  for (const table of document.querySelectorAll(`${TABLE} [data-testid=stDataFrameResizable]`)) {
    const before = table.style.width;
    table.style.width = `${table.clientWidth - 2}px`;
    setTimeout(() => { table.style.width = before; }, 100);
  }
}

// In a small window the pictures need the room more than the sidebar, which is one click away; whoever has opened or closed it, decides. Streamlit
// keeps what a person did under this name; what is done here is nobody's wish.
function makeRoom() {
  const own = Object.keys(localStorage).some((name) => name.startsWith(SIDEBAR));
  if (own || window.innerWidth > SMALL) return;
  document.querySelector(".stSidebar[data-collapsed=false] [data-testid=stSidebarCollapseButton] button")?.click();
  setTimeout(() => Object.keys(localStorage).filter((name) => name.startsWith(SIDEBAR)).forEach((name) => localStorage.removeItem(name)));
}

// Once in the life of a page.
function begin(state) {
  state.watching = true;
  makeRoom();
  inkTables();
  completeInPlace(state);
  state.theme = SYSTEM;
  state.system = window.matchMedia(DARK);
  answer(state);
  window.addEventListener("keydown", (event) => clicks(event, state), true);
  window.addEventListener("keydown", (event) => chartKeys(event, state), true);
  window.addEventListener("pointerdown", () => { state.pointed = true; }, true);
  document.addEventListener("focusin", (event) => { if (!event.target.closest(CHART)) state.again = null; });
  document.addEventListener("keydown", apply, true);
  document.addEventListener("keydown", (event) => press(event, state));
  // Escape ends the full screen before any page hears of it.
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement && onStage() && !state.left) document.querySelector(".st-key-stage_button button")?.click();
    state.left = false;
  });
  window.addEventListener("resize", () => fitSoon(state));
  state.system.addEventListener("change", () => compare(state));
  document.addEventListener("input", (event) => event.target.matches?.(BOUND) && say(event.target));
  const all = (root) => root.querySelectorAll && root.querySelectorAll("svg.marks [fill^='url('], svg.marks [stroke^='url(']").forEach(mend);
  all(document);
  name(document);
  new MutationObserver((changes) => {
    let drawn = false;
    for (const change of changes) {
      if (change.type === "attributes") {
        if (change.attributeName === "viewBox") drawn = true;
        else mend(change.target);
        continue;
      }
      // Vega writes its own number beside an input whenever it sets one; so it is when the input comes.
      if (change.target.matches?.(".vega-bind span")) change.target.parentElement.querySelectorAll("input[type=range]").forEach(say);
      change.addedNodes.forEach((node) => {
        if (node.nodeType !== 1) return;
        mend(node);
        all(node);
        name(node.parentElement ?? node);
        node.querySelectorAll(BOUND).forEach(say);
        drawn ||= node.matches("svg.marks, .stVegaLiteChart") || charts(node).length > 0 || node.className?.includes?.("st-key-stage") ||
          node.querySelector?.(".st-key-stage_is_on") !== null;
      });
      if (change.removedNodes.length && [...change.removedNodes].some((node) => node.querySelector?.(".st-key-stage_is_on"))) drawn = true;
    }
    if (drawn) fitSoon(state);
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["fill", "viewBox"] });
}

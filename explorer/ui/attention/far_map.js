// One head of a long text, seen through a window: far_map.py says what comes and what is told.
//
// A drag and the wheel move and stretch what is there at once; what is seen is asked for when they end, and replaces it when it comes.

const LEAST = 8, REST_MS = 140, STEP = 0.5, NEARER = 0.5, STILL = 4;
// Pixels that a token's label needs; numbers at a side where there is no room for labels, and pixels from one to the end of the map.
const ROOM = 11, NUMBERS = 5, NUMBER_PX = 10;
const SIDES = ["rows", "columns"];

const name = (window) => SIDES.map((side) => window[side].join("-")).join("_");
const size = ([first, end]) => end - first;

// As many tokens as were asked for, as near to where they were asked for as there are tokens; as `tiles._kept`.
function kept(first, wide, n) {
  const whole = Math.min(n, Math.max(LEAST, Math.round(wide))), at = Math.min(Math.max(0, Math.round(first)), n - whole);
  return [at, at + whole];
}

function begin(root) {
  const state = { root, frame: root.querySelector(".frame"), canvas: root.querySelector("canvas"), readout: root.querySelector(".readout") };
  const { frame } = state;
  // A picture that has the focus from a click was not asked for by keyboard: the arrows go from head to head, as elsewhere on the page.
  frame.addEventListener("keydown", (event) => state.pointed || pressed(state, event));
  frame.addEventListener("blur", () => (state.pointed = false));
  frame.addEventListener("pointerdown", (event) => held(state, event));
  frame.addEventListener("pointermove", (event) => state.grip || told(state, cell(state, event)));
  frame.addEventListener("pointerleave", () => told(state, null));
  frame.addEventListener("dblclick", (event) => ask(state, around(state, NEARER, event)));
  frame.addEventListener("wheel", (event) => wheeled(state, event), { passive: false });
  new ResizeObserver(() => state.data && place(state)).observe(frame);
  return state;
}

// Where the pointer is, as shares of what is seen.
function share({ frame }, { clientX, clientY }) {
  const box = frame.getBoundingClientRect();
  return { rows: (clientY - box.top) / box.height, columns: (clientX - box.left) / box.width };
}

// The pixel under the pointer, row and column; null outside of what was sent.
function cell(state, event) {
  const at = share(state, event), { data, want } = state;
  const found = SIDES.map((side) => {
    const token = want[side][0] + at[side] * size(want[side]);
    const pixel = Math.floor(((token - data.window[side][0]) / size(data.window[side])) * data[side].first.length);
    return pixel >= 0 && pixel < data[side].first.length ? pixel : null;
  });
  return found.includes(null) ? null : found;
}

function around(state, factor, event) {
  const at = event ? share(state, event) : { rows: 0.5, columns: 0.5 };
  const made = {};
  for (const side of SIDES) {
    const [first] = state.want[side], wide = size(state.want[side]), n = state.data[side].n;
    const larger = Math.min(n, Math.max(LEAST, wide * factor));
    made[side] = kept(first + at[side] * (wide - larger), larger, n);
  }
  return made;
}

function shifted(state, from, shares) {
  const made = {};
  for (const side of SIDES) made[side] = kept(from[side][0] + shares[side] * size(from[side]), size(from[side]), state.data[side].n);
  return made;
}

// Seen at once, and asked for now or after a rest.
function ask(state, window, rest = 0) {
  state.want = window;
  place(state);
  clearTimeout(state.timer);
  const tell = () => {
    if (name(window) === name(state.data.window) && !state.asked) return;
    state.asked = name(window);
    state.tell("window", state.asked);
  };
  if (rest) state.timer = setTimeout(tell, rest);
  else tell();
}

function pressed(state, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const moves = { ArrowUp: [-STEP, 0], ArrowDown: [STEP, 0], ArrowLeft: [0, -STEP], ArrowRight: [0, STEP] };
  const zooms = { "+": NEARER, "=": NEARER, "-": 1 / NEARER, "_": 1 / NEARER, 0: Infinity, Home: Infinity };
  if (event.key in moves) ask(state, shifted(state, state.want, { rows: moves[event.key][0], columns: moves[event.key][1] }));
  else if (event.key in zooms) ask(state, around(state, zooms[event.key]));
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

function held(state, event) {
  state.pointed = true;
  if (event.button !== 0) return;
  const from = state.want, start = event, watched = new AbortController(), how = { signal: watched.signal };
  state.grip = true;
  let moved = false;
  const shares = (to) => {
    const box = state.frame.getBoundingClientRect();
    return { rows: (start.clientY - to.clientY) / box.height, columns: (start.clientX - to.clientX) / box.width };
  };
  const drag = (to) => {
    moved ||= Math.hypot(to.clientX - start.clientX, to.clientY - start.clientY) >= STILL;
    if (!moved) return;
    state.frame.classList.add("held");
    state.want = shifted(state, from, shares(to));
    place(state);
  };
  const drop = (to) => {
    watched.abort();
    state.grip = false;
    state.frame.classList.remove("held");
    if (moved) return ask(state, shifted(state, from, shares(to)));
    const found = to.type === "pointerup" && cell(state, to);
    if (found) state.tell("cell", { at: found, window: name(state.data.window) });
  };
  window.addEventListener("pointermove", drag, how);
  window.addEventListener("pointerup", drop, how);
  window.addEventListener("pointercancel", drop, how);
}

// A page that is scrolled past the map is scrolled on: the wheel zooms where the map was clicked before, or with Ctrl.
function wheeled(state, event) {
  if (!(event.ctrlKey || event.metaKey || state.frame.matches(":focus"))) return;
  event.preventDefault();
  ask(state, around(state, Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 150), event), REST_MS);
}

// Puts what was sent where it belongs in what is wanted, and the labels beside it.
function place(state) {
  const { data, want, canvas, frame } = state, shift = {}, scale = {};
  for (const side of SIDES) {
    scale[side] = size(data.window[side]) / size(want[side]);
    shift[side] = (data.window[side][0] - want[side][0]) / size(want[side]);
  }
  canvas.style.transform = `translate(${100 * shift.columns}%, ${100 * shift.rows}%) scale(${scale.columns}, ${scale.rows})`;
  for (const side of SIDES) {
    const { first, chosen, labels } = data[side], down = side === "rows";
    const long = down ? frame.clientHeight : frame.clientWidth, each = (scale[side] * long) / first.length;
    const where = (pixel) => long * (shift[side] + (scale[side] * pixel) / first.length);
    const made = [];
    const label = (text, at, bold) => {
      if (at < -1 || at > long + 1) return;
      const span = document.createElement("span");
      span.textContent = text;
      span.className = bold ? "chosen" : "";
      span.style[down ? "top" : "left"] = `${at}px`;
      made.push(span);
    };
    if (labels && each >= ROOM) labels.forEach((text, i) => label(text, where(i + 0.5), i === chosen));
    else {
      const tokens = size(want[side]), step = [1, 2, 5].map((k) => k * 10 ** Math.floor(Math.log10(tokens / NUMBERS))).find((k) => tokens / k <= 2 * NUMBERS) || tokens;
      for (let at = Math.ceil(want[side][0] / step) * step; at < want[side][1]; at += step) {
        const there = (long * (at + 0.5 - want[side][0])) / tokens;
        // A number above the very end of the map would be cut off.
        if (down || there < long - NUMBER_PX) label(at.toLocaleString("en"), there, false);
      }
    }
    state.root.querySelector(`.${side}`).replaceChildren(...made);
    const mark = state.root.querySelector(`.mark.${side}-mark`);
    mark.hidden = chosen === null;
    if (chosen !== null) {
      mark.style[down ? "top" : "left"] = `${where(chosen)}px`;
      mark.style[down ? "height" : "width"] = `${Math.max(2, each)}px`;
    }
  }
}

function paint(state) {
  const { data, canvas } = state, picture = new Image();
  picture.onload = () => {
    if (state.data !== data) return;
    canvas.width = picture.width;
    canvas.height = picture.height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const image = context.getImageData(0, 0, canvas.width, canvas.height), colours = atob(data.palette);
    state.steps = new Uint8Array(canvas.width * canvas.height);
    for (let i = 0; i < state.steps.length; i++) {
      const step = (state.steps[i] = image.data[4 * i]);
      for (let part = 0; part < 3; part++) image.data[4 * i + part] = colours.charCodeAt(3 * step + part);
    }
    context.putImageData(image, 0, 0);
    place(state);
    // What tests and a waiting eye look for: this window is painted.
    state.root.dataset.painted = name(data.window);
  };
  picture.src = `data:image/png;base64,${data.png}`;
}

function told(state, at) {
  const { data, readout, steps } = state;
  if (!at || !steps) {
    readout.textContent = data.words.caption;
    return;
  }
  const [row, column] = at, step = steps[row * data.columns.first.length + column];
  const [from, to] = [["rows", row], ["columns", column]].map(([side, i]) => {
    const { first, last, labels } = data[side];
    return first[i] === last[i] ? `${labels ? `${labels[i]} ` : ""}(${first[i]})` : `${first[i]}–${last[i]}`;
  });
  const weight = data.values ? data.values[row * data.columns.first.length + column] : data.top * (step / 254) ** (1 / data.gamma);
  const words = step === 255 ? data.words.masked : data.exact ? data.words.weight : data.words.largest;
  readout.textContent = words.replace("{from}", () => from).replace("{to}", () => to).replace("{weight}", () => weight.toFixed(data.values ? 4 : 2));
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".far"), state = (root.far ??= begin(root));
  const before = state.data;
  Object.assign(state, { tell: setTriggerValue, data });
  if (state.asked === data.answered) state.asked = null;
  // What is dragged, or asked for and not here yet, stays where it was put.
  if (!before || before.text !== data.text || (!state.grip && !state.asked)) state.want = data.window;
  state.frame.setAttribute("aria-label", data.words.aria);
  root.classList.toggle("stage", data.stage);
  for (const [part, colour] of Object.entries(data.colours)) root.style.setProperty(`--far-${part}`, colour);
  root.querySelector(".corner").textContent = data.words.corner;
  if (before && before.png === data.png && before.palette === data.palette && name(before.window) === name(data.window)) place(state);
  else paint(state);
  told(state, null);
}

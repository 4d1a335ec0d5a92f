// Keys of the course; keys.py says what for.

const ONCE = "__attentionExplorerCourse";
const CHANNEL = "attention-explorer-course";
// What a second window asks when it is opened.
const WHERE = "where";
// Digits that follow each other within this time are one number.
const NUMBER_MS = 700;

function send(state, what) {
  state.number = Math.max(Date.now(), state.number + 1);
  state.events.push({ n: state.number, what });
  state.tries = 0;
  state.tell(state.events.slice());
}

// What the page has not taken although it rests is sent again: a press that was lost on the way would else wait for the next one.
const AGAIN_MS = 2000;
const TRIES = 3;
function again(state) {
  const rests = document.querySelector(".stApp")?.dataset.testScriptState === "notRunning";
  if (!rests || !state.events.length || Date.now() < state.number + AGAIN_MS * (state.tries + 1) || state.tries >= TRIES) return;
  state.tries += 1;
  state.tell(state.events.slice());
}

function spotlight() {
  const pictures = [...document.querySelectorAll(".st-key-course_pictures .stVegaLiteChart")];
  const lit = pictures.findIndex((picture) => picture.classList.contains("spot"));
  pictures.forEach((picture, i) => {
    picture.classList.toggle("spot", i === lit + 1);
    picture.classList.toggle("dim", lit + 1 < pictures.length && i !== lit + 1);
  });
}

// A clicker has no wheel: what stands below the window is shown before the next step is.
const READ = "[class*=st-key-course_step_] :is(.stVegaLiteChart, .course-guesses, .course-measures, .stMarkdown, button)";
const ENOUGH = 24;
function hidden() {
  const lowest = Math.max(0, ...[...document.querySelectorAll(READ)].map((one) => one.getBoundingClientRect().bottom));
  return Math.max(0, lowest - window.innerHeight);
}

function forward(state) {
  const below = hidden();
  if (below < ENOUGH) return send(state, "forward");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const top = Math.min(below + ENOUGH, 0.8 * window.innerHeight);
  document.querySelector(".stMain").scrollBy({ top, behavior: still ? "instant" : "smooth" });
}

function notes() {
  const address = new URL(window.location.href);
  address.searchParams.set("notes", "1");
  address.searchParams.delete("stage");
  window.open(address, "attention-explorer-notes", "width=900,height=700");
}

function digit(state, key) {
  state.digits += key;
  clearTimeout(state.timer);
  state.timer = setTimeout(() => { send(state, `jump ${state.digits}`); state.digits = ""; }, NUMBER_MS);
}

function press(event, state) {
  // Keys of a page that is not this one, and of fields that are typed into, are theirs.
  if (!document.querySelector(".st-key-course_watch")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // What is inside of a component is seen only so.
  const [target] = event.composedPath();
  if (target.closest?.("input:not([type=range]), textarea, [contenteditable=true], [role=combobox], [role=dialog], [role=listbox]")) return;
  // What is moved has the arrows for itself; the keys of a clicker always turn, also when the slider was held last.
  if (!event.key.startsWith("Page") && target.closest?.(".chip, input, [role=slider]")) return;
  const turns = state.place && !state.notes;
  const does = {
    ...(turns && {
      ArrowRight: () => forward(state), PageDown: () => forward(state),
      ArrowLeft: () => send(state, "back"), PageUp: () => send(state, "back"),
    }),
    ...(turns && state.course && { r: () => send(state, "reset"), s: spotlight, n: notes }),
    ...(turns && (state.course || state.room) && { v: () => send(state, "votes") }),
    ...((state.course || state.room) && !state.notes && { j: () => send(state, "join") }),
  }[event.key] ?? (/^[a-f]$/.test(event.key) && turns && event.key !== "f" ? () => send(state, `hand ${event.key}`)
    : /^[0-9]$/.test(event.key) && !state.notes ? () => digit(state, event.key) : null);
  if (!does) return;
  event.preventDefault();
  event.stopPropagation();
  // A key that is held down turns one page.
  if (!event.repeat) does();
}

function clock(state) {
  const pad = (n) => String(Math.floor(n)).padStart(2, "0");
  for (const shown of document.querySelectorAll(".course-clock")) {
    const seconds = (Date.now() - state.since) / 1000;
    shown.textContent = `${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}  ·  ${pad(seconds / 60)}:${pad(seconds % 60)}`;
  }
}

// What the phones do is asked of the server by the browser itself: the page is not run again for it.
const ROOM_MS = 1000;
async function look(state) {
  const places = document.querySelectorAll("[data-room], .room-bar");
  if (!state.room || !places.length || state.looking) return;
  const asked = state.room;
  state.looking = true;
  try {
    const answer = await fetch(asked, { credentials: "same-origin" });
    const found = answer.ok && (await answer.json());
    if (!found || asked !== state.room) return;
    const most = Math.max(1, ...found.counts);
    const put = (place, text) => { if (place.textContent !== text) place.textContent = text; };
    for (const place of document.querySelectorAll("[data-room]")) put(place, String(found[place.dataset.room]));
    for (const bar of document.querySelectorAll(".room-bar")) {
      const n = found.counts[Number(bar.dataset.at)] ?? 0;
      put(bar.querySelector("b"), String(n));
      bar.querySelector("s").style.width = `${Math.round((100 * n) / most)}%`;
    }
  } catch { /* the network is gone for a moment */ } finally { state.looking = false; }
}

export default function ({ setTriggerValue, data }) {
  const state = (window[ONCE] ??= { number: 0, events: [], digits: "", tries: 0, since: Date.now() });
  state.tell = (events) => setTriggerValue("pressed", events);
  state.events = state.events.filter((event) => event.n > data.seen);
  // Each step is read from its beginning.
  if (state.place !== data.place) document.querySelector(".stMain")?.scrollTo(0, 0);
  state.place = data.place;
  state.notes = data.notes;
  state.course = data.course;
  state.room = data.room;
  state.channel ??= new BroadcastChannel(CHANNEL);
  // What the stage shows, the notes in the other window follow.
  if (data.told && !data.notes) state.channel.postMessage(data.told);
  state.told = data.told;
  if (state.watching) return;
  state.watching = true;
  state.channel.addEventListener("message", (event) => {
    if (event.data === WHERE) {
      if (state.told && !state.notes) state.channel.postMessage(state.told);
    } else if (state.notes && event.data !== state.heard) {
      state.heard = event.data;
      send(state, `follow ${event.data}`);
    }
  });
  if (data.notes) state.channel.postMessage(WHERE);
  // Before anybody else hears of it: the stage turns figures with the same keys.
  window.addEventListener("keydown", (event) => press(event, state), true);
  setInterval(() => clock(state), 500);
  setInterval(() => look(state), ROOM_MS);
  setInterval(() => again(state), AGAIN_MS);
}

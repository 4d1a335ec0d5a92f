// Charts by keyboard: Tab comes to a picture in which something can be chosen, the arrows go from mark to mark, and Enter chooses the one that has
// the focus, as a click on it would. A mark that has the focus is read out: Vega has given it a description.

const CHART = ".stVegaLiteChart", MARKS = "svg.marks :is(path, image, text)";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
// How much less a mark beside the way counts than one on it.
const ASIDE = 3;

const middle = (mark) => {
  const box = mark.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
};

// What can be chosen. Of several marks in one place the last, which is drawn on top and takes the clicks.
function choosable(chart) {
  const found = new Map();
  for (const mark of chart.querySelectorAll(MARKS)) if (mark.__data__?.cursor === "pointer") found.set(middle(mark).map(Math.round).join(), mark);
  return [...found.values()];
}

function beside(mark, marks, [right, down]) {
  const [x, y] = middle(mark);
  let best = mark, least = Infinity;
  for (const other of marks) {
    const [dx, dy] = middle(other).map((value, i) => value - [x, y][i]);
    const along = dx * right + dy * down, aside = Math.abs(dx * down) + Math.abs(dy * right);
    if (along > 1 && along + ASIDE * aside < least) [best, least] = [other, along + ASIDE * aside];
  }
  return best;
}

function focusOn(mark) {
  mark.setAttribute("tabindex", "-1");
  mark.focus();
}

function chartKeys(event, state) {
  const chart = event.target.closest?.(CHART);
  // A picture that has the focus from a click was not asked for by keyboard: the arrows go from head to head, as elsewhere on the page.
  if (event.key === "Tab") state.pointed = false;
  if (!chart || state.pointed || event.target.closest("form") || event.ctrlKey || event.metaKey || event.altKey) return;
  const marks = choosable(chart), at = event.target === chart ? -1 : marks.indexOf(event.target);
  if (!marks.length) return;
  if (event.key in ARROWS) focusOn(at < 0 ? marks[0] : beside(marks[at], marks, ARROWS[event.key]));
  else if (at >= 0 && (event.key === "Enter" || event.key === " ")) {
    state.again = { chart: [...document.querySelectorAll(CHART)].indexOf(chart), at };
    const [clientX, clientY] = middle(marks[at]);
    marks[at].dispatchEvent(new MouseEvent("click", { bubbles: true, clientX, clientY, view: window }));
  } else if (at >= 0 && event.key === "Escape") chart.focus();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

// After the pictures are drawn: Tab comes to them, and a picture that was drawn anew by what was chosen in it gets the focus back.
function reachable(state) {
  const all = [...document.querySelectorAll(CHART)];
  for (const chart of all) {
    if (chart.hasAttribute("tabindex") || !choosable(chart).length) continue;
    chart.setAttribute("tabindex", "0");
  }
  const again = state.again && document.activeElement === document.body ? all[state.again.chart] : null;
  const mark = again && choosable(again)[state.again.at];
  if (mark) focusOn(mark);
}

// The page: one problem, its answer, and the views that show both.

import { byId, el } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { flat, rowsOf } from "./nested.js";
import { Service } from "./service.js";
import { Compare } from "./views/compare.js";
import { Curve } from "./views/curve.js";
import { fieldsOf, hideError, showError } from "./views/errors.js";
import { Maps } from "./views/maps.js";
import { showRow } from "./views/row_view.js";
import { ScoreGrid } from "./views/score_grid.js";
import { Sliders } from "./views/sliders.js";
import { Start } from "./views/start.js";
import { announce, showSummary } from "./views/summary.js";
import { offerCopies } from "./views/take_away.js";
import { showWeights } from "./views/weights.js";

const PAUSE_MS = 120;
const ROWS_AT_ONCE = 16;

const state = { problem: null, answer: null, row: 0, column: 0, first: 0 };
const service = new Service();
const maps = new Maps();
const grid = new ScoreGrid(byId("scores"), edited);
const sliders = new Sliders(edited);
const curve = new Curve(service);
const compare = new Compare(service, () => state);
const start = new Start({ current: () => state.problem, onProblem: showProblem, onError: (error) => showError(error) });

let pause;
let asking = new AbortController();

/** Ask anew, once the hand rests. */
function edited() {
  compare.clear();
  asking.abort();
  state.answer = null;
  become("busy");
  clearTimeout(pause);
  pause = setTimeout(compute, PAUSE_MS);
}

async function compute() {
  clearTimeout(pause);
  asking.abort();
  asking = new AbortController();
  become("busy");
  try {
    state.answer = await service.compute(state.problem.asked, asking.signal);
    showAnswer();
    become("ready");
  } catch (error) {
    if (error.name !== "AbortError") refuse(error);
  }
}

/** Tell what state the numbers are in: "busy", "ready", or "refused" where they are old ones. */
function become(word) {
  byId("main").dataset.state = word;
}

/** The last numbers stay, paler. */
function refuse(error) {
  become("refused");
  state.answer = null;
  curve.clear();
  showError(error);
  grid.mark(fieldsOf(error));
}

function showAnswer() {
  hideError();
  grid.unmark();
  showSummary(state.answer, state.problem.classNames.length);
  announce(state.answer);
  showMaps();
  showWeights(state.answer, state.problem.classNames);
  showChosenRow();
}

function showMaps() {
  const { problem, answer, first } = state;
  const numbers = problem.rows.map((_, i) => i);
  maps.show(problem, answer, numbers.slice(first, first + ROWS_AT_ONCE));
}

function showChosenRow() {
  const { problem, answer, row, column } = state;
  byId("row").value = String(row);
  byId("column").value = String(column);
  byId("curve_row").textContent = `row ${row}`;
  for (const line of byId("tables").querySelectorAll("tr[data-line]")) {
    line.classList.toggle("chosen", line.dataset.line === String(row));
  }
  if (!answer || !(row in problem.rows)) return;
  showRow(problem, row, answer.denominator, {
    loss: flat(answer.row_losses)[row],
    gradient: rowsOf(answer.dScores)[row],
    probabilities: rowsOf(answer.probs)[row],
  });
  curve.show(problem, row, column).catch(({ name }) => { if (name !== "AbortError") curve.clear(); });
}

/** Choose a row, and the score of it that moves: the label's, unless another is named. */
function choose(row, column = state.problem.labels?.[row]) {
  state.row = row;
  state.column = column in (state.problem.rows[row] ?? []) ? column : 0;
  showChosenRow();
}

function showProblem(problem, own = null) {
  Object.assign(state, { problem, answer: null });
  byId("tables").className = `tables ${widthOf(problem.classNames.length)}`;
  byId("column").replaceChildren(...problem.classNames.map((name, j) => el("option", { value: j }, name)));
  byId("row").max = String(problem.rows.length - 1);
  sliders.show(problem);
  compare.clear();
  showPage(0);
  choose(0);
  compute();
  if (own) compare.hold(own);
}

/** How wide tables are with a number of classes: words of the stylesheet. */
function widthOf(nClasses) {
  if (nClasses <= 4) return "few";
  return nClasses <= 6 ? "dense" : "dense many";
}

function showPage(first) {
  const count = state.problem.rows.length;
  const end = Math.min(first + ROWS_AT_ONCE, count);
  state.first = first;
  grid.show(state.problem, first, end);
  byId("pager").hidden = count <= ROWS_AT_ONCE;
  byId("page_text").textContent = `rows ${first} to ${end - 1} of ${count}`;
  byId("earlier").disabled = first === 0;
  byId("later").disabled = end === count;
  if (state.answer) showMaps();
}

function turnTo(first) {
  showPage(first);
  choose(first);
}

function chooseFocused({ target }) {
  const line = target.closest("tr[data-line]")?.dataset.line;
  if (line === undefined) return;
  const column = Number(target.closest("[data-column]")?.dataset.column);
  choose(Number(line), column < state.problem.classNames.length ? column : undefined);
}

byId("tables").addEventListener("focusin", chooseFocused);
byId("earlier").addEventListener("click", () => turnTo(state.first - ROWS_AT_ONCE));
byId("later").addEventListener("click", () => turnTo(state.first + ROWS_AT_ONCE));
byId("column").addEventListener("change", ({ target }) => choose(state.row, Number(target.value)));
byId("row").addEventListener("input", ({ target }) => {
  if (target.value in state.problem.rows) choose(Number(target.value));
});
byId("key").addEventListener("submit", (event) => event.preventDefault());
byId("token").addEventListener("change", ({ target }) => {
  service.useToken(target.value);
  compute();
});
offerCopies(() => ({ request: state.problem.sent, origin: location.origin, hasToken: service.hasToken }));
start.openExample(EXAMPLES.keys().next().value);

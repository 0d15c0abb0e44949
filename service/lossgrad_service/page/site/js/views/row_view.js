// One row, step by step, with its numbers in the formulas.

import { byId, el } from "../dom.js";
import { brief, exact, plain } from "../numbers.js";
import { stepsOf } from "../softmax_steps.js";

const sub = (text) => el("sub", {}, text);
const sup = (text) => el("sup", {}, text);
const number = (value) => el("b", { title: exact(value) }, plain(value));

/** Show how a row's loss and gradient come about. `served` is what the service answered for it. */
export function showRow(problem, row, denominator, served) {
  if (problem.option("loss", "softmax") === "hinge") return showHinge();
  const steps = stepsOf(problem, row, denominator);
  byId("steps").replaceChildren(...sectionsOf(steps, problem.classNames, served)
    .map(([title, ...contents]) => el("li", {}, el("h3", {}, title), contents)));
  fillTable(steps, problem, served);
}

function showHinge() {
  byId("steps").replaceChildren(el("li", {}, el("p", {},
    "Each class that comes within the margin of the label costs what it lacks: max(0, z", sub("j"), " − z", sub("y"),
    " + margin). Its gradient is 1; the label's is minus the number of such classes. All of it is divided by D.")));
  byId("row_table").replaceChildren(byId("row_table").caption);
}

function sectionsOf(steps, names, served) {
  return [
    ...(steps.temperature === 1 && steps.softcap === null ? [] : [raisedOf(steps)]),
    ["Subtract the maximum", formula("m = max z", sub("j"), " = ", number(steps.maximum)),
      note("It changes no probability, and no exponential can overflow: none is above 1.")],
    ["Exponentials and their sum", formula("Σ e", sup("z − m"), " = ", sumOf(steps.exponentials), " = ", number(steps.sum))],
    ["Probabilities", formula("p", sub("j"), " = e", sup(["z", sub("j"), " − m"]), " ∕ Σ"), probabilityOf(steps, names)],
    lossOf(steps, names, served),
    gradientOf(steps, names, served),
  ];
}

function raisedOf({ temperature, softcap }) {
  const capped = softcap === null ? [] : [", then z = ", number(softcap), "·tanh(z ∕ ", number(softcap), ")"];
  return ["Temperature", formula("z", sub("j"), " = s", sub("j"), " ∕ τ = s", sub("j"), " ∕ ", number(temperature), ...capped)];
}

const MOST_TERMS = 6;

function sumOf(exponentials) {
  const terms = exponentials.slice(0, MOST_TERMS).map(plain).join(" + ");
  return exponentials.length > MOST_TERMS ? `${terms} + …` : terms;
}

function probabilityOf(steps, names) {
  const j = focusOf(steps);
  return formula("p", sub(names[j]), " = ", number(steps.exponentials[j]), " ∕ ", number(steps.sum), " = ", number(steps.probabilities[j]));
}

/** The class that the formulas are written out for: the label's, or the likeliest. */
function focusOf({ label, probabilities }) {
  return probabilities[label] === undefined ? probabilities.indexOf(Math.max(...probabilities)) : label;
}

function isHard({ label, smoothing, weight, wantedSum, zLoss }) {
  return label !== undefined && smoothing === 0 && zLoss === 0 && weight === 1 && wantedSum === 1;
}

function lossOf(steps, names, served) {
  if (steps.ignored) return ["Loss", note("The label is the ignore_index: the row is left out, and its loss is exactly 0.")];
  const j = focusOf(steps);
  const hard = [
    formula("L = −log p", sub(names[j]), " = −log ", ...probability(steps, j), " = ", number(served.loss)),
    formula("= log(1 + T) + (m − z", sub(names[j]), ") = log(1 + ", number(steps.others), ") + ", number(steps.maximum - steps.raised[j])),
    note("T is the sum without its largest term, which is 1. Written so, nothing cancels, however sure the row is; a p that is rounded to 1 would have no loss at all."),
  ];
  const soft = [
    formula("L = Σ q", sub("j"), "·(log Σ + m − z", sub("j"), ") = ", number(served.loss)),
    note("q is what the row should be: label or targets, smoothed, times the weights."),
  ];
  return ["Loss of the row", ...(isHard(steps) ? hard : soft)];
}

const NEAR_ONE = 1e-4;

/** A probability, as what it lacks where that is too little to be seen in it. */
function probability({ probabilities, rest }, j) {
  return rest[j] > 0 && rest[j] < NEAR_ONE ? ["(1 − ", number(rest[j]), ")"] : [number(probabilities[j])];
}

function gradientOf(steps, names, served) {
  if (steps.ignored) return ["Gradient", note("Exactly 0.")];
  const j = focusOf(steps);
  const below = steps.temperature === 1 ? [] : [" ∕ ", number(steps.temperature)];
  const [first, subtracted] = isHard(steps)
    ? [["∂L ∕ ∂s", sub("j"), " = (p", sub("j"), " − [j = ", names[j], "]) ∕ D"], number(1)]
    : [["∂L ∕ ∂s", sub("j"), " = (Q·p", sub("j"), " − q", sub("j"), ") ∕ D"], number(steps.wanted[j])];
  const scale = steps.wantedSum === 1 ? [] : [number(steps.wantedSum), "·"];
  const told = steps.zLoss === 0 && steps.softcap === null
    ? [formula("dScores", sub(names[j]), " = (", ...scale, ...probability(steps, j), " − ", subtracted, ") ∕ ", number(steps.denominator), ...below, " = ", number(served.gradient[j]))]
    : [note("With a z-loss or softcap there is a factor more: docs/semantics.md has it.")];
  return ["Gradient", formula(...first, steps.temperature === 1 ? "" : " ∕ τ"), ...told,
    note("What the net believes, less what is true, shared among the rows. The row adds up to zero.")];
}

function formula(...parts) {
  return el("p", { class: "formula" }, parts);
}

function note(text) {
  return el("p", { class: "note" }, text);
}

function fillTable(steps, problem, served) {
  const raised = steps.temperature === 1 && steps.softcap === null ? [] : [["z", steps.raised]];
  const columns = [
    ["s", steps.scores], ...raised, ["z − m", steps.shifted], ["e^(z − m)", steps.exponentials],
    ["p", served.probabilities], ["q", steps.wanted], ["dScores", served.gradient],
  ];
  const head = el("tr", {}, el("th", { scope: "col" }, "class"), columns.map(([name]) => el("th", { scope: "col" }, name)));
  const lines = problem.classNames.slice(0, steps.scores.length).map((name, j) =>
    el("tr", { class: j === steps.label ? "is-label" : "" },
      el("th", { scope: "row" }, j === steps.label ? `${name} (label)` : name),
      columns.map(([, values]) => el("td", { title: exact(values[j]) }, brief(values[j])))));
  byId("row_table").replaceChildren(byId("row_table").caption, el("thead", {}, head), el("tbody", {}, lines));
}

// The scores as a table of fields, with the label of each row.

import { el } from "../dom.js";
import { exact, short, typed } from "../numbers.js";
import { drawPicture } from "./picture.js";
import { reset, rove } from "./roving.js";

/** The grid of scores; `onEdit` is called after each number that was changed. */
export class ScoreGrid {
  #table;
  #onEdit;
  #problem = null;

  constructor(table, onEdit) {
    this.#table = table;
    this.#onEdit = onEdit;
    table.setAttribute("role", "grid");
    rove(table, leavesField);
    table.addEventListener("input", (event) => this.#take(event.target));
    table.addEventListener("focusin", ({ target }) => this.#write(target, exact));
    table.addEventListener("focusout", ({ target }) => this.#write(target, short));
  }

  /** Show some rows of a problem, from `first` to before `end`. */
  show(problem, first, end) {
    this.#problem = problem;
    const lines = problem.rows.slice(first, end).map((row, i) => this.#line(row, first + i, i));
    const words = problem.classNames.map((name) => el("th", { scope: "col" }, name));
    const label = problem.labels ? el("th", { scope: "col" }, "label") : null;
    this.#table.replaceChildren(this.#table.caption,
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "row"), words, label)),
      el("tbody", {}, lines));
    reset(this.#table);
  }

  /** Mark the numbers that are to blame where the service refused "scores" or "labels". */
  mark(refused) {
    const blamed = [
      ...(refused.includes("scores") ? this.#fields(false).filter((field) => !isScore(this.#numberOf(field))) : []),
      ...(refused.includes("labels") ? this.#fields(true).filter((field) => !this.#isLabel(this.#numberOf(field))) : []),
    ];
    for (const field of blamed) field.setAttribute("aria-invalid", "true");
  }

  /** Take the marks away. */
  unmark() {
    for (const field of this.#table.querySelectorAll('[aria-invalid="true"]')) field.setAttribute("aria-invalid", "false");
  }

  #fields(areLabels) {
    const all = [...this.#table.querySelectorAll("input")];
    return all.filter((field) => "label" in field.dataset === areLabels);
  }

  #numberOf({ dataset }) {
    const { labels, rows } = this.#problem;
    return "label" in dataset ? labels[dataset.of] : rows[dataset.of][dataset.column];
  }

  #isLabel(value) {
    const ignored = this.#problem.option("ignore_index", null);
    return value === ignored || (value >= 0 && value < this.#problem.classNames.length);
  }

  #line(row, number, shownAt) {
    const { labels, classNames, picture } = this.#problem;
    const scores = row.map((value, j) => this.#field(
      { "data-row": shownAt, "data-column": j, "data-of": number, "aria-label": `score of row ${number}, class ${classNames[j] ?? j}` }, short(value)));
    const label = labels ? this.#field(
      { "data-row": shownAt, "data-column": row.length, "data-of": number, "data-label": true, "aria-label": `label of row ${number}`, class: "label" }, exact(labels[number])) : null;
    const head = el("th", { scope: "row" }, picture ? drawPicture(this.#problem, number) : null, String(number));
    return el("tr", { "data-line": number }, head, scores, label);
  }

  #field(attributes, value) {
    const field = el("input", { type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", tabindex: -1, ...attributes });
    field.value = value;
    return el("td", { role: "gridcell" }, field);
  }

  #take(field) {
    const value = typed(field.value);
    const isWrong = value === undefined || ("label" in field.dataset && !Number.isInteger(value));
    field.setAttribute("aria-invalid", String(isWrong));
    if (isWrong) return;
    const row = Number(field.dataset.of);
    if ("label" in field.dataset) this.#problem.setLabel(row, value);
    else this.#problem.setScore(row, Number(field.dataset.column), value);
    this.#onEdit();
  }

  /** Write the number that a field stands for: every digit while it is worked on, else a few. */
  #write(field, form) {
    if (!(field instanceof HTMLInputElement)) return;
    field.value = form(this.#numberOf(field));
    if (form === exact) field.select();
    else field.setAttribute("aria-invalid", "false");
  }
}

/** A score may be −∞, which is a mask, but neither NaN nor +∞. */
function isScore(value) {
  return value < Infinity;
}

/** Whether a key means the table and not the text within the field. */
function leavesField({ key, target, altKey, ctrlKey, metaKey }) {
  if (altKey || ctrlKey || metaKey || key === "Home" || key === "End") return false;
  const all = target.selectionStart === 0 && target.selectionEnd === target.value.length;
  if (key === "ArrowLeft") return all || target.selectionEnd === 0;
  if (key === "ArrowRight") return all || target.selectionStart === target.value.length;
  return true;
}

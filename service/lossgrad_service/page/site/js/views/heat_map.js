// Numbers as a table of coloured cells, each with its exact number for whoever asks.

import { el } from "../dom.js";
import { brief, exact } from "../numbers.js";
import { readOut } from "./readout.js";
import { at, reset, rove } from "./roving.js";

/** A heat map in a table: `name` is the quantity; `columns` and `head` name what is across and down. */
export class HeatMap {
  #table;
  #name;
  #shape = "";

  constructor(table, name) {
    this.#table = table;
    this.#name = name;
    table.setAttribute("role", "grid");
    rove(table);
    readOut(table);
  }

  /** Show rows of cells ({value, share: −1 … 1, mark}) under column names, beside row names. */
  show({ rows, columns, rowNames, rowWord = "row", columnWord = "class" }) {
    const shape = JSON.stringify([columns, rowNames]);
    if (shape !== this.#shape) this.#build(columns, rowNames, rowWord);
    this.#shape = shape;
    rows.forEach((cells, i) => cells.forEach((cell, j) => {
      const place = `${rowWord} ${rowNames[i]}, ${columns[j].word ?? `${columnWord} ${columns[j]}`}`;
      this.#paint(at(this.#table, i, j), cell, place);
    }));
  }

  #build(columns, rowNames, rowWord) {
    const heads = columns.map((column) => el("th", { scope: "col" }, column.text ?? column));
    const body = rowNames.map((name, i) => el("tr", { "data-line": name },
      el("th", { scope: "row" }, name),
      columns.map((column, j) => el("td", { role: "gridcell", tabindex: -1, "data-row": i, "data-column": j }))));
    const caption = this.#table.caption;
    this.#table.replaceChildren(
      ...(caption ? [caption] : []),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, rowWord), heads)),
      el("tbody", {}, body));
    reset(this.#table);
  }

  #paint(cell, { value, share, mark }, place) {
    const finite = Number.isFinite(share) ? Math.max(-1, Math.min(1, share)) : 0;
    const marked = mark ? ` (${mark})` : "";
    cell.textContent = brief(value);
    cell.dataset.exact = `${this.#name}, ${place}${marked}: ${exact(value)}`;
    // What is seen comes first in what is heard.
    cell.setAttribute("aria-label", `${cell.textContent}; ${cell.dataset.exact}`);
    cell.classList.toggle("less", finite < 0);
    cell.classList.toggle("marked", Boolean(mark));
    cell.style.setProperty("--heat", `${Math.abs(finite) * 100}%`);
  }
}

/** The largest finite size among numbers, or 1 where there is none but 0. */
export function largest(numbers) {
  const size = numbers.reduce((most, value) =>
    (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  return size || 1;
}

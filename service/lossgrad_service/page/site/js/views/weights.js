// The gradients of weights and biases, where there are any.

import { byId, el } from "../dom.js";
import { flat, rowsOf, shapeOf } from "../nested.js";
import { HeatMap, largest } from "./heat_map.js";

const MOST_ENTRIES = 4000;
const SHAPES = { dW2: ["unit", "class"], db2: ["", "class"], dW1: ["input", "unit"], db1: ["", "unit"] };

/** Show each gradient of a parameter that an answer has. */
export function showWeights(answer, classNames) {
  const names = Object.keys(SHAPES).filter((name) => name in answer);
  byId("weights").hidden = names.length === 0;
  byId("weight_maps").replaceChildren(...names.map((name) => figureOf(name, answer[name], classNames)));
}

function figureOf(name, gradient, classNames) {
  if (flat(gradient).length > MOST_ENTRIES) return tooLarge(name, gradient);
  const [down, across] = SHAPES[name];
  const table = el("table", { class: "heat", "data-testid": `map-${name}` }, el("caption", {}, name));
  const rows = rowsOf(gradient);
  const most = largest(flat(gradient));
  new HeatMap(table, name).show({
    rows: rows.map((row) => row.map((value) => ({ value, share: value / most }))),
    columns: across === "class" ? classNames : rows[0].map((_, j) => String(j)),
    rowNames: rows.map((_, i) => (down ? String(i) : "sum")),
    rowWord: down || "rows",
    columnWord: across,
  });
  return el("div", { class: "scroll", tabindex: -1 }, table);
}

function tooLarge(name, gradient) {
  return el("p", { class: "note" }, `${name} has ${shapeOf(gradient).join("×")} entries, too many to look at here. Compare mode takes them all.`);
}

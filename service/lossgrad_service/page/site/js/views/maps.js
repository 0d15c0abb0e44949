// Probabilities, row losses and dScores of some rows as heat maps.

import { byId } from "../dom.js";
import { flat, rowsOf } from "../nested.js";
import { brief } from "../numbers.js";
import { HeatMap, largest } from "./heat_map.js";

/** The two heat maps of a problem. */
export class Maps {
  #probabilities = new HeatMap(byId("probs"), "probability");
  #gradients = new HeatMap(byId("dscores"), "dScores");

  /** Show the rows whose numbers are in `shown`. */
  show(problem, answer, shown) {
    const { classNames, labels } = problem;
    const mark = (i, j) => labels?.[i] === j && "label";
    const rowNames = shown.map(String);
    this.#probabilities.show({
      rowNames,
      columns: [...classNames, { text: "loss L", word: "loss" }],
      rows: probabilityCells(answer, shown, mark),
    });
    this.#gradients.show({ rowNames, columns: classNames, rows: gradientCells(answer, shown, mark) });
  }
}

/** Losses are coloured by the size of what is lost, at least that of a guess. */
function probabilityCells(answer, shown, mark) {
  const probs = rowsOf(answer.probs);
  const losses = flat(answer.row_losses);
  const dearest = Math.max(Math.log(probs[0]?.length ?? 1), largest(losses));
  return shown.map((i) => [
    ...probs[i].map((value, j) => ({ value, share: value, mark: mark(i, j) })),
    { value: losses[i], share: -losses[i] / dearest },
  ]);
}

function gradientCells(answer, shown, mark) {
  const gradient = rowsOf(answer.dScores);
  const most = largest(gradient.flat());
  byId("dscores_least").textContent = brief(-most);
  byId("dscores_most").textContent = brief(most);
  return shown.map((i) => gradient[i].map((value, j) => ({ value, share: value / most, mark: mark(i, j) })));
}

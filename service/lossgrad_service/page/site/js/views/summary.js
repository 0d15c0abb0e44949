// The loss and what it is made of.

import { byId, el } from "../dom.js";
import { exact, plain } from "../numbers.js";

const STILL_MS = 900;

/** Show the scalars of an answer. */
export function showSummary(answer, nClasses) {
  const loss = byId("loss");
  loss.textContent = plain(answer.loss);
  loss.title = exact(answer.loss);
  byId("parts").replaceChildren(...partsOf(answer, nClasses).map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", { title: typeof value === "number" ? exact(value) : false }, typeof value === "number" ? plain(value) : value))));
}

function partsOf(answer, nClasses) {
  return [
    ["data", answer.data_loss],
    ["penalty R", answer.reg_loss],
    ...(answer.z_loss ? [["z-loss", answer.z_loss]] : []),
    ["divided by D", answer.denominator],
    ["rows", answer.n_ignored ? `${answer.n_rows}, ${answer.n_ignored} ignored` : answer.n_rows],
    ...("accuracy" in answer ? [["right", `${plain(100 * answer.accuracy)} %`]] : []),
    ["guessing: log C", Math.log(nClasses)],
  ];
}

let saying;

/** Say the loss to those who listen, once it stands still. */
export function announce(answer) {
  clearTimeout(saying);
  saying = setTimeout(() => { byId("announcement").textContent = `loss ${plain(answer.loss)}`; }, STILL_MS);
}

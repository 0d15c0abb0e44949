// The caller's own gradient beside ours, and what the difference looks like.

import { readFile } from "../arrays/files.js";
import { asJson } from "../copies.js";
import { byId, el } from "../dom.js";
import { MISTAKES } from "../mistakes.js";
import { flat, shapeOf } from "../nested.js";
import { brief, exact, fromJson, plain } from "../numbers.js";
import { hideError, showError } from "./errors.js";

const BANDS = { good: "✓ good", suspicious: "? suspicious", wrong: "✗ wrong" };
const NOT_THERE = 404;

/** The part of the page where gradients are compared. `current` returns the problem and its answer. */
export class Compare {
  #service;
  #current;
  #asking = new AbortController();

  constructor(service, current) {
    this.#service = service;
    this.#current = current;
    const choices = Array.from(MISTAKES, ([name, [text]]) => el("option", { value: name }, text));
    byId("mistake").append(...choices);
    byId("plant").addEventListener("click", () => this.#plant());
    byId("compare").addEventListener("click", () => this.#compare());
    byId("own_file").addEventListener("change", ({ target }) => this.#open(target));
  }

  /** Compare with gradients, as if somebody had pasted them. */
  hold(gradients) {
    this.#put(gradients);
    return this.#compare();
  }

  /** Forget the last comparison, also one under way: its numbers belong to another problem. */
  clear() {
    this.#asking.abort();
    byId("findings").replaceChildren();
    hideError(byId("compare_error"));
  }

  #plant() {
    const { problem, answer } = this.#current();
    if (!answer) return;
    const name = byId("mistake").value;
    const { denominator, dScores: right } = answer;
    const planted = MISTAKES.get(name)[1](right, { problem, denominator });
    this.#put({ dScores: planted });
    if (name !== "none" && isSame(planted, right)) this.#sayHarmless(denominator);
    else this.#compare();
  }

  #sayHarmless(denominator) {
    this.clear();
    byId("findings").replaceChildren(el("p", { "data-testid": "harmless" },
      `In this problem, which is divided by ${plain(denominator)}, that mistake changes no number. Choose another one, or another problem.`));
  }

  async #open(input) {
    const [file] = input.files;
    input.value = "";
    if (file) await this.#kindly(async () => this.#put(await readFile(file, "dScores")));
  }

  #put(gradients) {
    byId("own").value = asJson(gradients);
  }

  #compare() {
    return this.#kindly(async () => {
      const { problem } = this.#current();
      const { gradient_dtype: _, ...request } = problem.sent;
      const own = ownIn(byId("own").value);
      showCheck(await this.#service.check({ ...request, gradients: own }, this.#asking.signal));
    });
  }

  async #kindly(work) {
    this.clear();
    this.#asking = new AbortController();
    try {
      await work();
    } catch (error) {
      if (error.name !== "AbortError") showError(error.status === NOT_THERE ? tooOld() : error, byId("compare_error"));
    }
  }
}

function ownIn(text) {
  if (text.trim() === "") throw new TypeError("Paste your gradient first, or let the page plant a mistake in a right one.");
  const own = fromJson(text, "your gradient");
  if (Array.isArray(own)) return { dScores: own };
  if (hasNumbers(own)) return own;
  throw new TypeError("There is nothing to compare in this. Paste dScores as a list of lists, or an object such as {\"loss\": 0.7, \"dScores\": [[…]]}.");
}

function hasNumbers(own) {
  return typeof own === "object" && own !== null && Object.values(own).some((value) => value !== null);
}

/** Whether two arrays have the same numbers; the sign of a 0 is nothing that differs. */
function isSame(one, other) {
  const numbers = flat(other);
  return String(shapeOf(one)) === String(shapeOf(other)) && flat(one).every((value, i) => Object.is(value + 0, numbers[i] + 0));
}

function tooOld() {
  return { title: "This server cannot compare yet.", message: "It has no /v1/check: it is older than this page. Everything else on the page works.", errors: [] };
}

function showCheck(check) {
  byId("findings").replaceChildren(verdictOf(check), ...(check.findings ?? []).map(findingOf),
    ...check.comparisons.map(comparisonOf), verificationsOf(check.verifications ?? []));
}

const VERDICTS = {
  nothing: "Nothing of yours was compared: there are no numbers of yours.",
  good: "Your gradient is right.",
  suspicious: "Nothing is wrong, but some of your numbers are ours in a few digits only.",
  wrong: "Your gradient is not ours.",
};

function verdictOf(check) {
  const band = bandOf(check);
  return el("p", { class: `verdict ${band}`, "data-testid": "verdict" }, VERDICTS[band]);
}

function bandOf({ ok, comparisons }) {
  if (comparisons.length === 0) return "nothing";
  if (!ok) return "wrong";
  return comparisons.every(({ band }) => band === "good") ? "good" : "suspicious";
}

function findingOf({ code, name, text }) {
  return el("div", { class: "finding", "data-testid": "finding", "data-code": code },
    el("strong", {}, `${name}: ${code.replaceAll("_", " ")}`), el("p", {}, text));
}

function comparisonOf(comparison) {
  const { name, band, worst } = comparison;
  return el("div", { class: "comparison" },
    el("p", {}, el("span", { class: `band ${band}` }, BANDS[band]), " ", el("b", {}, name), ` ${factsOf(comparison)}`),
    worst.length > 0 && worstOf(name, worst));
}

function factsOf({ band, max_relative_error: error, n_entries: entries, n_wrong: wrong, shape, expected_shape: expected, worst }) {
  const shapes = String(shape) === String(expected) ? "" : ` Yours is ${shape.join("×")}, ours ${expected.join("×")}.`;
  const isBeyondCompare = band === "wrong" && worst.length === 0;  // entries of other shapes have no partners
  return isBeyondCompare ? shapes.trim() : `largest relative error ${plain(error)}; ${wrong} of ${entries} entries wrong.${shapes}`;
}

function worstOf(name, worst) {
  const heads = ["entry", "yours", "ours", "relative error"].map((text) => el("th", { scope: "col" }, text));
  const lines = worst.map(({ index, theirs, ours, relative_error: error }) => el("tr", {},
    el("th", { scope: "row" }, index.length ? `[${index.join("][")}]` : name),
    [theirs, ours, error].map((value) => el("td", { title: exact(value) }, brief(value)))));
  const title = `Worst entries of ${name}`;
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, el("table", { class: "plain" },
    el("caption", {}, title), el("thead", {}, el("tr", {}, heads)), el("tbody", {}, lines)));
}

function verificationsOf(verifications) {
  if (verifications.length === 0) return "";
  return el("details", {}, el("summary", {}, "How we know that ours is right"),
    el("p", {}, "The service took differences of its own loss, in float64 and of 4th order, along random directions:"),
    el("ul", {}, verifications.map(({ name, band, max_relative_error: error, n_directions: directions }) =>
      el("li", {}, `${name}: ${BANDS[band]}, relative error ${plain(error)} in ${directions} directions`))));
}

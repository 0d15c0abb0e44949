// The caller's own gradient beside ours, and what the difference looks like.

import { readFile } from "../arrays/files.js";
import { asJson } from "../copies.js";
import { byId, el } from "../dom.js";
import { MISTAKES } from "../mistakes.js";
import { brief, exact, fromJson, plain } from "../numbers.js";
import { hideError, showError } from "./errors.js";

const BANDS = { good: "✓ good", suspicious: "? suspicious", wrong: "✗ wrong" };
const NOT_THERE = 404;

/** The part of the page where gradients are compared. `current` returns the problem and its answer. */
export class Compare {
  #service;
  #current;

  constructor(service, current) {
    this.#service = service;
    this.#current = current;
    const choices = Array.from(MISTAKES, ([name, [text]]) => el("option", { value: name }, text));
    byId("mistake").append(...choices);
    byId("plant").addEventListener("click", () => this.#plant());
    byId("compare").addEventListener("click", () => this.#compare());
    byId("own_file").addEventListener("change", ({ target }) => this.#open(target));
  }

  /** Forget the last comparison, whose numbers belong to another problem. */
  clear() {
    byId("findings").replaceChildren();
    hideError(byId("compare_error"));
  }

  #plant() {
    const { problem, answer } = this.#current();
    if (!answer) return;
    const [, plant] = MISTAKES.get(byId("mistake").value);
    const { denominator } = answer;
    this.#put({ dScores: plant(answer.dScores, { problem, denominator }) });
    this.#compare();
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
      showCheck(await this.#service.check({ ...request, gradients: ownIn(byId("own").value) }));
    });
  }

  async #kindly(work) {
    this.clear();
    try {
      await work();
    } catch (error) {
      showError(error.status === NOT_THERE ? tooOld() : error, byId("compare_error"));
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

function tooOld() {
  return { title: "This server cannot compare yet.", message: "It has no /v1/check: it is older than this page. Everything else on the page works.", errors: [] };
}

function showCheck(check) {
  byId("findings").replaceChildren(verdictOf(check), ...(check.findings ?? []).map(findingOf),
    ...check.comparisons.map(comparisonOf), verificationsOf(check.verifications ?? []));
}

function verdictOf({ comparisons }) {
  const isGood = comparisons.every(({ band }) => band === "good");
  const text = isGood ? "Your gradient is right." : "Your gradient is not ours.";
  return el("p", { class: `verdict ${isGood ? "good" : "wrong"}`, "data-testid": "verdict" }, text);
}

function findingOf({ code, name, text }) {
  return el("div", { class: "finding", "data-testid": "finding", "data-code": code },
    el("strong", {}, `${name}: ${code.replaceAll("_", " ")}`), el("p", {}, text));
}

function comparisonOf({ name, band, max_relative_error: error, n_entries: entries, n_wrong: wrong, shape, expected_shape: expected, worst }) {
  const differs = String(shape) !== String(expected);
  const shapes = differs ? ` Yours is ${shape.join("×")}, ours ${expected.join("×")}.` : "";
  return el("div", { class: "comparison" },
    el("p", {}, el("span", { class: `band ${band}` }, BANDS[band]), " ", el("b", {}, name),
      ` largest relative error ${plain(error)}; ${wrong} of ${entries} entries wrong.${shapes}`),
    worst.length > 0 && worstOf(name, worst));
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

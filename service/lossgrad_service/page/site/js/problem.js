// The problem on the page: a request of the service, and what can be read off it without one.

import { fromBase64, isBase64 } from "./arrays/base64.js";
import { scoresOf } from "./forward.js";
import { flat, rowsOf, shapeOf, withNumber } from "./nested.js";

const HIDDEN_WANTS = ["dScores", "probs", "row_losses", "log_partition"];
const MOST_CLASSES = 100;
const MOST_SCORES = 100_000;
const NOT_OURS = ["want", "encoding"];

/** A request with its arrays as nested lists, and the scores that stand in the grid. */
export class Problem {
  #edited = false;

  constructor(request, { classNames, picture } = {}) {
    this.request = readable(request);
    this.scores = showable(scoresOf(this.request));
    this.classNames = classNames ?? rowsOf(this.scores)[0]?.map((_, j) => String(j)) ?? [];
    this.picture = picture;
  }

  get rows() {
    return rowsOf(this.scores);
  }

  get labels() {
    return this.request.labels === undefined ? null : flat(this.request.labels);
  }

  get hasWeights() {
    return this.request.w2 !== undefined || this.request.w1 !== undefined;
  }

  /** The value of an option, or what it is where it is left out. */
  option(name, otherwise) {
    return this.request[name] ?? otherwise;
  }

  /** Set an option, or leave it out. */
  setOption(name, value) {
    if (value === undefined) delete this.request[name];
    else this.request[name] = value;
  }

  setScore(row, column, value) {
    this.rows[row][column] = value;
    this.#edited = true;
  }

  setLabel(row, value) {
    this.request.labels = withNumber(this.request.labels, row, value);
  }

  /** What the service is sent: the scores of the grid only where they are its own. */
  get sent() {
    const scores = this.request.scores !== undefined || this.#edited ? { scores: this.scores } : {};
    return { ...scores, ...without(this.request, ["scores", ...NOT_OURS]) };
  }

  /** The same with all that the page shows of the answer. */
  get asked() {
    return { ...without(this.sent, ["gradient_dtype"]), want: this.#wants() };
  }

  #wants() {
    const { h1, x, w2 } = this.request;
    const layer = w2 && (h1 || x) ? ["dW2", "db2"] : [];
    const first = x ? ["dW1", "db1"] : [];
    const hit = this.labels ? ["accuracy"] : [];
    return [...HIDDEN_WANTS, ...layer, ...first, ...hit];
  }

  /** One row with its label or targets and its weight, once for each of some rows of scores. */
  alone(row, variants) {
    const { targets, sample_weights: weights } = this.request;
    const repeated = (value) => variants.map(() => value);
    return {
      ...without(this.request, ["scores", "x", "w1", "b1", "h1", "w2", "b2", "reg", "reg_convention",
        "denominator", "sample_weights", "gradient_dtype", ...NOT_OURS]),
      scores: variants,
      ...(this.labels && { labels: repeated(this.labels[row]) }),
      ...(targets && { targets: repeated(rowsOf(targets)[row]) }),
      ...(weights && { sample_weights: repeated(flat(weights)[row]) }),
      reduction: "none",
    };
  }
}

function readable(request) {
  const entries = Object.entries(request).filter(([, value]) => value !== null);
  const read = Object.fromEntries(entries.map(([name, value]) =>
    [name, isBase64(value) ? fromBase64(value) : structuredClone(value)]));
  if (read.scores !== undefined && shapeOf(read.scores).length === 0) {
    throw new TypeError("scores must be a list with a number for each class, or a list of such lists");
  }
  return read;
}

/** The scores, unless they are more than a person would look at. */
function showable(scores) {
  const rows = rowsOf(scores);
  const nClasses = rows[0]?.length ?? 0;
  if (nClasses > MOST_CLASSES || rows.length * nClasses > MOST_SCORES) {
    throw new RangeError(`${rows.length} rows of ${nClasses} classes are more than this page shows: `
      + `at most ${MOST_CLASSES} classes and ${MOST_SCORES} scores. Send them with a client, or take a part of them.`);
  }
  return scores;
}

function without(object, names) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

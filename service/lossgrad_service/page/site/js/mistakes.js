// What goes wrong in gradients that people write, done to a right one on purpose.

import { flat, nest, rowsOf, shapeOf } from "./nested.js";

/** Mistakes that can be planted in dScores, by name: what they are called, and what they do. */
export const MISTAKES = new Map([
  ["none", ["no mistake: the right gradient", (right) => right]],
  ["not_divided_by_n", ["not divided by N", (right, { rows }) => scaled(right, rows)]],
  ["divided_twice", ["divided by N twice", (right, { rows }) => scaled(right, 1 / rows)]],
  ["label_not_subtracted", ["the −1 at the label forgotten", withoutLabel]],
  ["sign_flipped", ["sign flipped", (right) => scaled(right, -1)]],
  ["transposed", ["transposed", transposed]],
]);

function scaled(array, factor) {
  return nest(flat(array).map((value) => value * factor), shapeOf(array));
}

function withoutLabel(right, { labels, denominator }) {
  if (labels === null) return right;
  const flattened = rowsOf(right).flatMap((row, i) =>
    row.map((value, j) => (j === labels[i] ? value + 1 / denominator : value)));
  return nest(flattened, shapeOf(right));
}

function transposed(right) {
  const rows = rowsOf(right);
  return rows[0].map((_, j) => rows.map((row) => row[j]));
}

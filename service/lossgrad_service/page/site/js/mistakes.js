// What goes wrong in gradients that people write, done to a right one on purpose.

import { flat, nest, rowsOf, shapeOf } from "./nested.js";
import { stepsOf } from "./softmax_steps.js";

/** Mistakes that can be planted in dScores, by name: what they are called, and what they do. */
export const MISTAKES = new Map([
  ["none", ["no mistake: the right gradient", (right) => right]],
  ["not_divided_by_n", ["not divided by N", (right, { denominator }) => scaled(right, denominator)]],
  ["divided_twice", ["divided by N twice", (right, { denominator }) => scaled(right, 1 / denominator)]],
  ["label_not_subtracted", ["the −1 at the label forgotten", withoutLabel]],
  ["sign_flipped", ["sign flipped", (right) => scaled(right, -1)]],
  ["transposed", ["transposed", transposed]],
]);

function scaled(array, factor) {
  return nest(flat(array).map((value) => value * factor), shapeOf(array));
}

/** dScores with nothing subtracted from the probabilities. */
function withoutLabel(right, { problem, denominator }) {
  const flattened = rowsOf(right).flatMap((row, i) => {
    const { wanted, temperature } = stepsOf(problem, i, denominator);
    return row.map((value, j) => value + wanted[j] / denominator / temperature);
  });
  return nest(flattened, shapeOf(right));
}

function transposed(right) {
  const rows = rowsOf(right);
  return rows[0].map((_, j) => rows.map((row) => row[j]));
}

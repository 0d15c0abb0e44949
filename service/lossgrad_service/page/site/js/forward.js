// The way from inputs to scores, so that they can be shown and edited; the service goes it itself.

import { rowsOf } from "./nested.js";

/** The scores of a request: as sent, or h1·w2 + b2, with h1 = relu(x·w1 + b1) where x was sent. */
export function scoresOf({ scores, h1, x, w1, b1, w2, b2 }) {
  if (scores !== undefined) return scores;
  if (w2 === undefined || (h1 === undefined && (x === undefined || w1 === undefined))) {
    throw new TypeError("there are no scores: send scores, or h1 and w2, or x, w1 and w2");
  }
  return affine(h1 ?? affine(x, w1, b1).map((row) => row.map((value) => Math.max(0, value))), w2, b2);
}

function affine(inputs, weights, bias) {
  return rowsOf(inputs).map((row) => weights[0].map((_, j) =>
    row.reduce((sum, value, k) => sum + value * (weights[k]?.[j] ?? NaN), bias?.[j] ?? 0)));
}

// Every number on the way from one row of scores to its loss and gradient (docs/derivation.md).

import { flat, rowsOf } from "./nested.js";

/** The steps of one row of a problem whose denominator the service told. */
export function stepsOf(problem, row, denominator) {
  const scores = problem.rows[row];
  const options = optionsOf(problem);
  const raised = scores.map((score) => squashed(score / options.temperature, options.softcap));
  const wanted = wantedOf(problem, row, raised, options);
  const maximum = Math.max(...raised);
  const shifted = raised.map((z) => z - maximum);
  const exponentials = shifted.map(Math.exp);
  const others = sumWithout(exponentials, raised.indexOf(maximum));
  return {
    ...options, scores, raised, maximum, shifted, exponentials, others, ...wanted, denominator,
    sum: 1 + others,
    rest: exponentials.map((_, j) => sumWithout(exponentials, j) / (1 + others)),
    probabilities: exponentials.map((e) => e / (1 + others)),
    logPartition: maximum + Math.log1p(others),
    label: problem.labels?.[row],
  };
}

function optionsOf(problem) {
  return {
    temperature: problem.option("temperature", 1),
    softcap: problem.option("softcap", null),
    smoothing: problem.option("label_smoothing", 0),
    zLoss: problem.option("z_loss", 0),
  };
}

function squashed(value, softcap) {
  return softcap === null ? value : softcap * Math.tanh(value / softcap);
}

/** What the row should be: q, its sum, and the weight of the row. */
function wantedOf(problem, row, raised, { smoothing }) {
  const { targets, class_weights: classes, sample_weights: samples } = problem.request;
  const label = problem.labels?.[row];
  const ignored = label !== undefined && label === problem.option("ignore_index", null);
  const weight = ignored ? 0 : samples === undefined ? 1 : flat(samples)[row];
  const open = raised.filter((z) => z > -Infinity).length;
  const truth = targets ? rowsOf(targets)[row] : raised.map((_, j) => (j === label ? 1 : 0));
  const wanted = raised.map((z, j) =>
    weight * (classes?.[j] ?? 1) * ((1 - smoothing) * truth[j] + (z > -Infinity ? smoothing / open : 0)));
  return { wanted, wantedSum: wanted.reduce((sum, q) => sum + q, 0), weight, ignored, truth };
}

function sumWithout(values, place) {
  return values.reduce((sum, value, j) => (j === place ? sum : sum + value), 0);
}

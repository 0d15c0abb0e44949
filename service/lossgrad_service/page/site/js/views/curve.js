// The loss of a row as one of its scores moves, and the tangent whose slope is the gradient.

import uPlot from "../../vendor/uPlot.esm.js";
import { byId } from "../dom.js";
import { plain, short } from "../numbers.js";

const REACH = 6;
const POINTS = 61;
const HEIGHT = 220;

/** The chart; it asks `service` for the losses that it draws. */
export class Curve {
  #box = byId("curve");
  #chart = null;
  #service;
  #asking = new AbortController();

  constructor(service) {
    this.#service = service;
    new ResizeObserver(() => this.#chart?.setSize({ width: this.#width(), height: HEIGHT })).observe(this.#box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#chart?.redraw());
  }

  /** Draw the loss of a row around the score of one class. */
  async show(problem, row, column) {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const scores = problem.rows[row];
    const centre = Number.isFinite(scores[column]) ? scores[column] : 0;
    const places = Array.from({ length: POINTS }, (_, i) => centre + REACH * ((2 * i) / (POINTS - 1) - 1));
    const request = { ...problem.alone(row, places.map((place) => scores.with(column, place))), want: ["row_losses", "dScores"] };
    const answer = await this.#service.compute(request, signal);
    this.#draw(places, answer, problem.classNames[column], column);
  }

  /** Take the chart away where there is nothing to draw. */
  clear() {
    this.#chart?.destroy();
    this.#chart = null;
    byId("curve_text").textContent = "";
  }

  #draw(places, answer, name, column) {
    const middle = (POINTS - 1) / 2;
    const slope = answer.dScores[middle][column];
    const height = answer.row_losses[middle];
    const tangent = places.map((place) => height + slope * (place - places[middle]));
    const point = places.map((_, i) => (i === middle ? height : null));
    const drawn = tangent.map((value, i) => (Math.abs(i - middle) <= POINTS / 4 ? value : null));
    this.#replace([places, answer.row_losses, drawn, point], name);
    byId("curve_text").textContent =
      `Around the score ${plain(places[middle])} of class ${name} the row's loss is ${plain(height)}; moved by a little, it changes ${plain(slope)} times as much. That slope, divided by D, is dScores.`;
    this.#box.setAttribute("aria-label", byId("curve_text").textContent);
  }

  #replace(data, name) {
    this.#chart?.destroy();
    this.#chart = new uPlot(optionsOf(this.#width(), name), data, this.#box);
  }

  #width() {
    return Math.max(240, this.#box.clientWidth);
  }
}

function optionsOf(width, name) {
  const ink = () => colour("--ink-soft");
  const grid = { stroke: () => colour("--line"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, values: (_, places) => places.map(short) };
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: false } },
    axes: [{ ...axis, label: `score of class ${name}` }, { ...axis, label: "loss of the row", size: 76 }],
    series: [
      { label: `score of ${name}` },
      { label: "loss", stroke: () => colour("--accent"), width: 2 },
      { label: "tangent", stroke: () => colour("--warm"), width: 2, dash: [6, 4] },
      { label: "here", stroke: () => colour("--ink"), points: { show: true, size: 9, fill: () => colour("--ink") }, paths: () => null },
    ],
    legend: { show: true, live: false },
    cursor: { drag: { x: false, y: false } },
  };
}

function colour(name) {
  return getComputedStyle(byId("curve")).getPropertyValue(name);
}

// The picture that the inputs of a row are, such as a handwritten digit.

import { el } from "../dom.js";
import { rowsOf } from "../nested.js";

/** A canvas with the picture of a row, dark on light. */
export function drawPicture(problem, row) {
  const { of, shape: [height, width], most } = problem.picture;
  const canvas = el("canvas", { width, height, class: "picture", role: "img", "aria-label": `picture of row ${row}` });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  rowsOf(problem.request[of])[row].forEach((value, i) => {
    const grey = 255 * (1 - value / most);
    image.data.set([grey, grey, grey, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

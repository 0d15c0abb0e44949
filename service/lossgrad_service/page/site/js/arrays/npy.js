// One array as NumPy's .npy format has it.

import { nest } from "../nested.js";
import { numbersIn } from "./dtypes.js";

const MAGIC = "\x93NUMPY";
const DESCR = /'descr':\s*'([<>|=])([a-z]+\d+)'/;
const ORDER = /'fortran_order':\s*(True|False)/;
const SHAPE = /'shape':\s*\(([^)]*)\)/;

/** The nested lists in the bytes of a .npy file. */
export function fromNpy(bytes) {
  const { header, body } = partsOf(bytes);
  const [descr, order, shaped] = [DESCR, ORDER, SHAPE].map((pattern) => pattern.exec(header));
  if (!descr || !order || !shaped) throw new TypeError("the array holds no plain numbers");
  const shape = shaped[1].split(",").filter((part) => part.trim()).map(Number);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const numbers = numbersIn(body, descr[2], count, descr[1] !== ">");
  return order[1] === "True" ? fromColumns(numbers, shape) : nest(numbers, shape);
}

function partsOf(bytes) {
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (magic !== MAGIC) throw new TypeError("this is no .npy array");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [length, start] = bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  return { header, body: bytes.subarray(start + length) };
}

/** Numbers that run down the columns: the transpose of what their shape reversed would be. */
function fromColumns(numbers, shape) {
  if (shape.length !== 2) {
    if (shape.length < 2) return nest(numbers, shape);
    throw new TypeError("an array of three or more axes must be saved in C order");
  }
  const [height, width] = shape;
  return Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j) => numbers[j * height + i]));
}

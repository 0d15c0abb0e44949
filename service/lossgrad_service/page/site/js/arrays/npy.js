// One array as NumPy's .npy format has it.

import { nest } from "../nested.js";
import { numbersIn } from "./dtypes.js";

const MAGIC = "\x93NUMPY";
const DESCR = /'descr':\s*'([<>|=])([a-z]+\d+|U\d+)'/;
const ORDER = /'fortran_order':\s*(True|False)/;
const SHAPE = /'shape':\s*\(([^)]*)\)/;

/** The nested lists in the bytes of a .npy file, or the word in it. */
export function fromNpy(bytes) {
  const { header, body } = partsOf(bytes);
  const [descr, order, shaped] = [DESCR, ORDER, SHAPE].map((pattern) => pattern.exec(header));
  if (!descr || !order || !shaped) throw new TypeError("the array holds no plain numbers");
  const shape = shaped[1].split(",").filter((part) => part.trim()).map(Number);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const isLittle = descr[1] !== ">";
  if (shape.length === 0 && descr[2].startsWith("U")) return textIn(body, isLittle);
  const numbers = numbersIn(body, descr[2], count, isLittle);
  return order[1] === "True" ? fromColumns(numbers, shape) : nest(numbers, shape);
}

/** A word such as "softmax": 32 bits for each character, and zeros behind it. */
function textIn(bytes, isLittle) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codes = Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getUint32(4 * i, isLittle));
  return String.fromCodePoint(...codes).replace(/\0+$/, "");
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

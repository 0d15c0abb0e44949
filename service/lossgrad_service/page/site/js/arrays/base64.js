// Arrays that JSON carries as base64, as the nested lists that the page works on.

import { nest } from "../nested.js";
import { numbersIn } from "./dtypes.js";

const BITS = /^(bf|f|i|u)(\d+)$/;

/** Whether a value of a request is such an array. */
export function isBase64(value) {
  return typeof value === "object" && value !== null && value.encoding === "base64";
}

/** The nested lists of {"shape", "dtype", "data"}. */
export function fromBase64({ shape, dtype, data }) {
  const [, letter, bits] = BITS.exec(dtype) ?? [];
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const count = shape.reduce((product, extent) => product * extent, 1);
  return nest(numbersIn(bytes, `${letter}${bits / 8}`, count), shape);
}

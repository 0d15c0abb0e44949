// How the numbers of each dtype are read from bytes.

import { fromBrain, fromHalf } from "./floats.js";

const READERS = {
  f2: [2, (view, at, little) => fromHalf(view.getUint16(at, little))],
  bf2: [2, (view, at, little) => fromBrain(view.getUint16(at, little))],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
  i1: [1, (view, at) => view.getInt8(at)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  i8: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  u1: [1, (view, at) => view.getUint8(at)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  u8: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  b1: [1, (view, at) => view.getUint8(at)],
};

/** The first `count` numbers of a kind ("f4", "i8" …) in bytes; none must be missing. */
export function numbersIn(bytes, kind, count, little = true) {
  if (!(kind in READERS)) throw new TypeError(`numbers of dtype ${kind} cannot be read here`);
  const [size, read] = READERS[kind];
  if (bytes.byteLength < count * size) {
    throw new RangeError(`${count} numbers of ${size} bytes were announced, ${bytes.byteLength} bytes are there`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, i) => read(view, i * size, little));
}

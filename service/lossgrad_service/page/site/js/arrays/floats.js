// The two halves of float32 that DataView cannot read everywhere.

/** The number in 16 bits of IEEE binary16. */
export function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const word = new DataView(new ArrayBuffer(4));

/** The number in 16 bits of bfloat16: the upper half of a float32. */
export function fromBrain(bits) {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

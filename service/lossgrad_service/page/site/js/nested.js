// Nested lists of numbers: their shape, their rows, their numbers in a line.

/** Extents, outermost first; [] for a number. */
export function shapeOf(array) {
  return Array.isArray(array) ? [array.length, ...shapeOf(array[0])] : [];
}

/** The innermost lists, themselves and not copies, so that they can be written to. */
export function rowsOf(array) {
  return Array.isArray(array[0]) ? array.flatMap(rowsOf) : array.length === 0 ? [] : [array];
}

/** All numbers, in order; of a number, itself. */
export function flat(array) {
  return Array.isArray(array) ? array.flat(Infinity) : [array];
}

/** The same array with one of its numbers, counted in order, replaced. */
export function withNumber(array, position, value) {
  const numbers = flat(array);
  numbers[position] = value;
  return nest(numbers, shapeOf(array));
}

/** Numbers in a line as nested lists of a shape. */
export function nest(numbers, shape) {
  if (shape.length === 0) return numbers[0];
  if (shape.length === 1) return Array.from(numbers);
  const [count, ...inner] = shape;
  const size = inner.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: count }, (_, i) => nest(numbers.slice(i * size, (i + 1) * size), inner));
}

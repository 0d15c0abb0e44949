// Numbers as JSON spells them, as people type them, and as they are shown.

const SPELLED = new Map([["NaN", NaN], ["Infinity", Infinity], ["-Infinity", -Infinity]]);

/** Text of a document whose numbers may be NaN or infinite. */
export function toJson(document, indent) {
  return JSON.stringify(document, (_, value) => spelled(value), indent);
}

/** The document in a text, with "NaN", "Infinity" and "-Infinity" as numbers; `what` names it in an error. */
export function fromJson(text, what = "the answer") {
  try {
    return JSON.parse(text, (_, value) => SPELLED.get(value) ?? value);
  } catch ({ message }) {
    throw new TypeError(`${what} is not JSON: ${message}. NaN and infinities go in quotes: "NaN", "Infinity", "-Infinity".`);
  }
}

function spelled(value) {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

const TYPED = new Map([
  ["nan", NaN], ["inf", Infinity], ["infinity", Infinity], ["∞", Infinity],
  ["-inf", -Infinity], ["-infinity", -Infinity], ["-∞", -Infinity],
]);

/** The number that somebody typed, or undefined where it is none. */
export function typed(text) {
  const plain = text.trim().toLowerCase().replace("−", "-").replace(/^\+/, "").replace(",", ".");
  if (TYPED.has(plain)) return TYPED.get(plain);
  const value = Number(plain);
  return plain === "" || Number.isNaN(value) ? undefined : value;
}

/** A number with every digit that it has. */
export function exact(value) {
  return signed(Number.isFinite(value) ? String(value) : infinite(value));
}

/** A number in a few characters, for a cell. */
export function brief(value) {
  if (!Number.isFinite(value)) return signed(infinite(value));
  if (value === 0) return "0";
  const size = Math.abs(value);
  return signed(size >= 1e5 || size < 5e-5 ? value.toExponential(1) : fixed(value, size));
}

/** A number in the digits that a formula needs. */
export function plain(value) {
  return inDigits(value, 6);
}

/** A number in the digits that a field has room for. */
export function short(value) {
  return inDigits(value, 4);
}

/** A number in at most some digits, without zeros at its end. */
function inDigits(value, digits) {
  if (!Number.isFinite(value)) return signed(infinite(value));
  const size = Math.abs(value);
  const isFar = size !== 0 && (size >= 10 ** digits || size < 1e-4);
  return signed(isFar ? value.toExponential(digits - 2) : String(Number(value.toPrecision(digits))));
}

function fixed(value, size) {
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4);
}

function infinite(value) {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞";
}

function signed(text) {
  return text.replace(/^-/, "−").replace("e-", "e−");
}

// What people open: a request, and beside it perhaps the numbers that they computed for it.

import { fromBase64, isBase64 } from "./arrays/base64.js";

const CHECKABLE = new Set(["loss", "row_losses", "probs", "dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx", "dtargets"]);

/** A document as `request`, and as `own` the numbers of its author, null where there are none. */
export function parted(document) {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new TypeError("a request is an object such as {\"scores\": [[1, 2, 3]], \"labels\": [2]}");
  }
  const { gradients, ...beside } = document;
  const [theirs, request] = split(Object.entries(beside), isOwn);
  const own = [...theirs, ...Object.entries(gradients ?? {})].filter(([, value]) => value !== null);
  if (own.length > 0 && request.length === 0) {
    throw new TypeError("there is no batch in this, only numbers to compare: open their batch here, and these under “Compare with your own gradient”");
  }
  return { request: Object.fromEntries(request), own: own.length > 0 ? Object.fromEntries(own.map(readable)) : null };
}

/** A loss that is a word is an option. */
function isOwn([name, value]) {
  return CHECKABLE.has(name.toLowerCase()) && typeof value !== "string";
}

function readable([name, value]) {
  return [name, isBase64(value) ? fromBase64(value) : value];
}

function split(entries, belongs) {
  return [entries.filter(belongs), entries.filter((entry) => !belongs(entry))];
}

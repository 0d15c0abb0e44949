// The problem as somebody else would send it: in Python, with curl, as JSON.

import { toJson } from "./numbers.js";

/** A program that sends a request with our Python client. */
export function asPython(request, { origin }) {
  const lines = Object.entries(request).map(([name, value]) => `        ${name}=${literal(value)},\n`);
  return `import lossgrad

with lossgrad.Client(${literal(origin)}) as client:  # a key, if one is asked for: LOSSGRAD_TOKEN
    result = client.compute(
${lines.join("").trimEnd()}
    )
print(result)
for name, array in result.arrays.items():
    print(name, array, sep="\\n")
`;
}

/** A command line that sends a request. */
export function asCurl(request, { origin, hasToken }) {
  const key = hasToken ? `  -H "authorization: Bearer $LOSSGRAD_TOKEN" \\\n` : "";
  const body = toJson(request).replaceAll("'", `'\\''`);
  return `curl ${origin}/v1/compute \\\n  -H 'content-type: application/json' \\\n${key}  -d '${body}'\n`;
}

/** The request itself. */
export function asJson(request) {
  return `${toJson(request, 2).replace(/\[\s+([^[\]{}]*?)\s+\]/g, inOneLine)}\n`;
}

function inOneLine(_, numbers) {
  return `[${numbers.replace(/\s+/g, " ")}]`;
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "number" && !Number.isFinite(value)) {
    return `float("${Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"}")`;
  }
  return typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
}

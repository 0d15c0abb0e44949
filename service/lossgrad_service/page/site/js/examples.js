// Problems to begin with, each a file of its own.

import { fromJson } from "./numbers.js";
import { textFrom } from "./service.js";

/** Names of the files, and how each is called on the page. */
export const EXAMPLES = new Map([
  ["two_rows", "Two rows by hand"],
  ["toy_net", "Toy net of the derivation"],
  ["linear_classifier", "Linear classifier, penalty without ½"],
  ["digits", "Ten handwritten digits"],
  ["confident_rows", "Confident rows"],
  ["masks", "Masks of −∞"],
]);

/** An example: its `text`, `request`, and perhaps `class_names` and the `picture` in a row. */
export async function loadExample(name) {
  return fromJson(await textFrom(`page/examples/${name}.json`));
}

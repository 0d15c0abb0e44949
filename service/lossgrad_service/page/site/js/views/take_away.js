// The problem as text for elsewhere: on the clipboard, and in a field to copy from.

import { asCurl, asJson, asPython } from "../copies.js";
import { byId } from "../dom.js";

const FORMS = new Map([["python", ["Python", asPython]], ["curl", ["curl", asCurl]], ["json", ["JSON", asJson]]]);

/** Listen to the buttons; `about` returns what is to be sent, and how. */
export function offerCopies(about) {
  for (const [name, [word, write]] of FORMS) {
    byId(`copy_${name}`).addEventListener("click", () => {
      const { request, ...where } = about();
      copy(write(request, where), word);
    });
  }
}

async function copy(text, word) {
  byId("copy_text").value = text;
  byId("copied").hidden = false;
  byId("copy_said").textContent = (await isCopied(text))
    ? `Copied as ${word}.`
    : `Here it is as ${word}: copy it from the field below.`;
}

/** Browsers keep the clipboard to themselves where a page came without TLS from another machine. */
async function isCopied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

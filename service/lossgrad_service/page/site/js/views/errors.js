// Errors, kindly: what is wrong, in which field, and where to put it right.

import { byId, el } from "../dom.js";

const GREETINGS = new Map([
  [0, "The server does not answer."],
  [400, "The service cannot compute this yet."],
  [401, "This server asks for a key."],
  [403, "This key may not do that."],
  [404, "This server does not know that call."],
  [413, "That is too much for one call."],
  [429, "The server is busy just now. Try again in a moment."],
  [503, "The server is not ready. Try again in a moment."],
]);

const HINTS = new Map([
  [401, "Enter it under “Key” at the top. It stays in this page's memory and is gone when the page is closed."],
]);

/** Show what was refused. */
export function showError(error, box = byId("error")) {
  const title = GREETINGS.get(error.status) ?? error.title ?? "That cannot be used here.";
  const hint = HINTS.get(error.status);
  const items = (error.errors ?? []).map(({ pointer, detail }) =>
    el("li", {}, el("code", {}, fieldOf(pointer)), " ", detail));
  const detail = items.length ? el("ul", {}, items) : el("p", {}, error.message);
  box.replaceChildren(el("strong", {}, title), detail, hint ? el("p", {}, hint) : "");
  box.hidden = false;
}

/** Take the error away. */
export function hideError(box = byId("error")) {
  box.hidden = true;
  box.replaceChildren();
}

/** Names of the request's fields that an error is about. */
export function fieldsOf(error) {
  return (error.errors ?? []).map(({ pointer }) => pointer.split("/")[1]);
}

/** A JSON pointer as people write a field: /scores/3/1 → scores[3][1]. */
function fieldOf(pointer) {
  const [name = "", ...places] = pointer.split("/").slice(1);
  return name === "" ? "request" : name + places.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
}

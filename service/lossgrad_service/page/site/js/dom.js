// Elements in one line each.

/** The element with an id, which the page has. */
export const byId = (id) => document.getElementById(id);

/** A new element: its attributes (a function is a listener, false is left out) and contents. */
export function el(tag, attributes = {}, ...contents) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) put(element, name, value);
  element.append(...contents.flat().filter((content) => content !== null && content !== false));
  return element;
}

function put(element, name, value) {
  if (typeof value === "function") element.addEventListener(name, value);
  else if (value === true) element.setAttribute(name, "");
  else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
}

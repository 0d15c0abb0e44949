// One tab stop for a table, and arrow keys within it.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Let arrow keys, Home and End move among the elements of `table` that have data-row and data-column. */
export function rove(table, mayMove = () => true) {
  table.addEventListener("keydown", (event) => {
    const from = event.target.closest("[data-row]");
    const to = from && mayMove(event) && target(table, from, event);
    if (!to) return;
    event.preventDefault();
    to.focus();
    to.select?.();
  });
  table.addEventListener("focusin", (event) => makeStop(table, event.target.closest("[data-row]")));
}

/** Make the first place of a table the one that the tab key reaches. */
export function reset(table) {
  makeStop(table, table.querySelector("[data-row]"));
}

/** The element at a place, if there is one. */
export function at(table, row, column) {
  return table.querySelector(`[data-row="${row}"][data-column="${column}"]`);
}

function target(table, from, event) {
  const row = Number(from.dataset.row);
  const column = Number(from.dataset.column);
  const inRow = table.querySelectorAll(`[data-row="${row}"]`);
  if (event.key === "Home") return inRow[0];
  if (event.key === "End") return inRow[inRow.length - 1];
  const [down, right] = STEPS[event.key] ?? [];
  return down === undefined ? null : at(table, row + down, column + right);
}

function makeStop(table, place) {
  if (!place) return;
  for (const old of table.querySelectorAll('[data-row][tabindex="0"]')) old.tabIndex = -1;
  place.tabIndex = 0;
}

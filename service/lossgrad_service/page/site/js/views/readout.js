// The exact number under the pointer or the focus, in a small box beside it.

import { byId } from "../dom.js";

const GAP = 8;

/** Show the `data-exact` of whatever in `table` is pointed at or focused. */
export function readOut(table) {
  const box = byId("readout");
  const show = (event) => place(box, event.target.closest("[data-exact]"));
  const hide = () => { box.hidden = true; };
  table.addEventListener("pointerover", show);
  table.addEventListener("focusin", show);
  table.addEventListener("pointerleave", hide);
  table.addEventListener("focusout", hide);
  table.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
}

function place(box, cell) {
  box.hidden = !cell;
  if (!cell) return;
  box.textContent = cell.dataset.exact;
  const around = cell.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  const above = around.top - size.height - GAP;
  const left = around.left + around.width / 2 - size.width / 2;
  box.style.top = `${above > GAP ? above : around.bottom + GAP}px`;
  box.style.left = `${Math.max(GAP, Math.min(left, innerWidth - size.width - GAP))}px`;
}

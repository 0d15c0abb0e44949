// Where problems come from: an example, a file, or JSON.

import { readFile } from "../arrays/files.js";
import { parted } from "../check_file.js";
import { asJson } from "../copies.js";
import { byId, el } from "../dom.js";
import { EXAMPLES, loadExample } from "../examples.js";
import { fromJson } from "../numbers.js";
import { Problem } from "../problem.js";

const OWN = "";

/** What a person can start with; `onProblem` is told each and the numbers to compare with, `onError` what cannot be read. */
export class Start {
  #onProblem;
  #onError;
  #newest = 0;
  #opened = OWN;

  constructor({ current, onProblem, onError }) {
    this.#onProblem = onProblem;
    this.#onError = onError;
    byId("example").append(el("option", { value: "", hidden: true }, "Your own"), ...Array.from(EXAMPLES, ([name, title]) => el("option", { value: name }, title)));
    byId("example").addEventListener("change", ({ target }) => this.openExample(target.value));
    byId("file").addEventListener("change", ({ target }) => this.#openFiles(target.files));
    byId("use_json").addEventListener("click", () => this.#useJson());
    // Not its toggle event: that comes a moment after it is open, and would undo what was pasted meanwhile.
    byId("json_panel").querySelector("summary").addEventListener("click", () => { byId("json").value = asJson(current().sent); });
    this.#listenForDrops();
  }

  /** Open an example by its name. */
  openExample(name) {
    return this.#open(name, async () => {
      const { text, request, class_names: classNames, picture } = await loadExample(name);
      return [new Problem(request, { classNames, picture }), text];
    });
  }

  #openFiles([file]) {
    if (!file) return;
    this.#open(OWN, async () => {
      const opened = ownIn(await readFile(file), `From ${file.name}`);
      byId("file").value = "";
      return opened;
    });
  }

  async #useJson() {
    const isOpened = await this.#open(OWN, () => ownIn(fromJson(byId("json").value, "the request"), "Your own request"));
    if (isOpened) byId("json_panel").open = false;
  }

  /** Whether a problem could be opened; one that comes too late is forgotten. */
  async #open(example, read) {
    const turn = ++this.#newest;
    try {
      const [problem, text, own] = await read();
      if (turn !== this.#newest) return false;
      this.#opened = example;
      byId("example").value = example;
      byId("about").textContent = text;
      this.#onProblem(problem, own);
      byId("json").value = asJson(problem.sent);
      return true;
    } catch (error) {
      byId("example").value = this.#opened;
      this.#onError(error);
      return false;
    }
  }

  #listenForDrops() {
    const mark = (isOver) => document.body.classList.toggle("dropping", isOver);
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      mark(true);
    });
    document.addEventListener("dragleave", ({ relatedTarget }) => mark(relatedTarget !== null));
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(false);
      this.#openFiles(event.dataTransfer.files);
    });
  }
}

/** The problem in a document of somebody's, what to say of it, and the numbers in it to compare with. */
function ownIn(document, source) {
  const { request, own } = parted(document);
  return [new Problem(request), own ? `${source}; its numbers are compared with ours below.` : `${source}.`, own];
}

// Where problems come from: an example, a file, or JSON.

import { readFile } from "../arrays/files.js";
import { asJson } from "../copies.js";
import { byId, el } from "../dom.js";
import { EXAMPLES, loadExample } from "../examples.js";
import { fromJson } from "../numbers.js";
import { Problem } from "../problem.js";

const OWN = "";

/** What a person can start with; `onProblem` is told each, `onError` what cannot be read. */
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
    byId("json_panel").addEventListener("toggle", () => { byId("json").value = asJson(current().sent); });
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
      const problem = new Problem(await readFile(file));
      byId("file").value = "";
      return [problem, `From ${file.name}.`];
    });
  }

  async #useJson() {
    const isOpened = await this.#open(OWN, () => [new Problem(fromJson(byId("json").value, "the request")), "Your own request."]);
    if (isOpened) byId("json_panel").open = false;
  }

  /** Whether a problem could be opened; one that comes too late is forgotten. */
  async #open(example, read) {
    const turn = ++this.#newest;
    try {
      const [problem, text] = await read();
      if (turn !== this.#newest) return false;
      this.#opened = example;
      byId("example").value = example;
      byId("about").textContent = text;
      this.#onProblem(problem);
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

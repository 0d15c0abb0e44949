// Sliders of the options that shape a loss, each beside a field for the exact number.

import { byId } from "../dom.js";
import { typed } from "../numbers.js";

/** Option → its default, and its scale: from the slider's place to a value, and back. */
const OPTIONS = {
  temperature: { usual: 1, value: (at) => 10 ** at, at: (value) => Math.log10(value) },
  label_smoothing: { usual: 0, value: (at) => at, at: (value) => value },
  reg: { usual: 0, value: (at) => at, at: (value) => value },
};

/** The sliders; `onEdit` is called when one was moved. */
export class Sliders {
  #problem = null;

  constructor(onEdit) {
    for (const name of Object.keys(OPTIONS)) this.#listen(name, onEdit);
    byId("reg_convention").addEventListener("change", (event) => {
      this.#problem.setOption("reg_convention", event.target.value === "half" ? undefined : event.target.value);
      onEdit();
    });
  }

  /** Show the options of a problem, and which of them have no meaning there. */
  show(problem) {
    this.#problem = problem;
    for (const name of Object.keys(OPTIONS)) this.#put(name, problem.option(name, OPTIONS[name].usual));
    byId("reg_convention").value = problem.option("reg_convention", "half");
    const isHinge = problem.option("loss", "softmax") === "hinge";
    enable(["temperature", "label_smoothing"], !isHinge);
    enable(["reg"], problem.hasWeights);
    byId("reg_convention").disabled = !problem.hasWeights;
    byId("reg_note").hidden = problem.hasWeights;
  }

  #listen(name, onEdit) {
    const { value } = OPTIONS[name];
    byId(name).addEventListener("input", ({ target }) => this.#take(name, rounded(value(Number(target.value))), onEdit));
    byId(`${name}_number`).addEventListener("change", ({ target }) => {
      const number = typed(target.value);
      if (number === undefined) this.show(this.#problem);
      else this.#take(name, number, onEdit);
    });
  }

  #take(name, value, onEdit) {
    this.#problem.setOption(name, value === OPTIONS[name].usual ? undefined : value);
    this.#put(name, value);
    onEdit();
  }

  #put(name, value) {
    const slider = byId(name);
    slider.value = OPTIONS[name].at(value);
    slider.setAttribute("aria-valuetext", String(value));
    byId(`${name}_number`).value = String(value);
  }
}

function rounded(value) {
  return Number(value.toPrecision(3));
}

function enable(names, isOn) {
  for (const name of names) for (const id of [name, `${name}_number`]) byId(id).disabled = !isOn;
}

// The public HTTP API of the server that this page came from.

import { fromJson, toJson } from "./numbers.js";

/** An answer that is a problem document, or no answer at all (status 0). */
export class Refused extends Error {
  constructor({ status, title, detail, errors }) {
    super(detail);
    this.status = status;
    this.title = title;
    this.errors = errors ?? [];
  }
}

const NO_ANSWER = {
  status: 0,
  title: "No answer",
  detail: "The server cannot be reached. Is it still running? Your numbers are safe here: change one, and the page asks again.",
};

/** Calls of the service, with a key where one was given; it is kept in memory only. */
export class Service {
  #token = "";

  useToken(token) {
    this.#token = token.trim();
  }

  get hasToken() {
    return this.#token !== "";
  }

  /** `POST /v1/compute`; throws Refused, or AbortError where `signal` says so. */
  compute(request, signal) {
    return this.#post("v1/compute", request, signal);
  }

  /** `POST /v1/check`; throws as `compute`. */
  check(request, signal) {
    return this.#post("v1/check", request, signal);
  }

  async #post(path, request, signal) {
    return fromJson(await textFrom(path, { method: "POST", headers: this.#headers(), body: toJson(request), signal }));
  }

  #headers() {
    const key = this.hasToken ? { authorization: `Bearer ${this.#token}` } : {};
    return { "content-type": "application/json", ...key };
  }
}

/** The text of an answer of this server; throws Refused, or AbortError where a signal says so. */
export async function textFrom(path, options) {
  const [{ ok, status }, text] = await reached(path, options);
  if (!ok) throw new Refused(problemIn(text, status));
  return text;
}

async function reached(path, options) {
  try {
    const response = await fetch(path, options);
    return [response, await response.text()];
  } catch (error) {
    throw error.name === "AbortError" ? error : new Refused(NO_ANSWER);
  }
}

function problemIn(text, status) {
  try {
    return { ...JSON.parse(text), status };
  } catch {
    return { status, title: "An answer that is none of ours", detail: text.slice(0, 300) };
  }
}

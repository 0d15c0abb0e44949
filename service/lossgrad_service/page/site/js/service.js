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

  /** `POST /v1/check`; throws Refused. */
  check(request) {
    return this.#post("v1/check", request);
  }

  async #post(path, request, signal) {
    const response = await this.#send(path, toJson(request), signal);
    const text = await response.text();
    if (!response.ok) throw new Refused(problemIn(text, response.status));
    return fromJson(text);
  }

  async #send(path, body, signal) {
    try {
      return await fetch(path, { method: "POST", headers: this.#headers(), body, signal });
    } catch (error) {
      throw error.name === "AbortError" ? error : new Refused(NO_ANSWER);
    }
  }

  #headers() {
    const key = this.hasToken ? { authorization: `Bearer ${this.#token}` } : {};
    return { "content-type": "application/json", ...key };
  }
}

function problemIn(text, status) {
  try {
    return { ...JSON.parse(text), status };
  } catch {
    return { status, title: "An answer that is none of ours", detail: text.slice(0, 300) };
  }
}

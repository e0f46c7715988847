// Requests of the pages to the API, and the buttons that send them. Addresses are relative: <base> has the path prefix.

import { text } from "./texts.js";

const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";

// The API's words for a program, as a sentence for people. Faults of a text are shown as they are.
const sentence = (words) => words.includes("\n") ? words : words.charAt(0).toUpperCase() + words.slice(1);

// Why a request has no result, in the reader's language. `faults` are those of the fields of a form.
export class Refused extends Error {
  constructor(message, faults = []) {
    super(sentence(message));
    this.faults = faults.map((fault) => ({ ...fault, message: sentence(fault.message) }));
  }
}

// Sends a request and returns what the API answers; `{}` if the answer is empty. `options` are those of `fetch`.
export async function call(method, address, body, options = {}) {
  const headers = { "content-type": "application/json", "x-csrf-token": csrf };
  let answer;
  try {
    answer = await fetch(address, { method, headers, body: JSON.stringify(body), ...options });
  } catch {
    throw new Refused(text("script-unreachable"));
  }
  // The API redirects nobody: this is the login page of Tipoff or of a proxy.
  if (answer.redirected) throw new Refused(text("script-login-ended"));
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told.detail ?? text("script-failed", { status: answer.status }), told.faults);
  return told;
}

// Runs the work of a button, which cannot be clicked meanwhile. The output shows `words`, then what the work returns or why it
// failed. Work that leaves the page returns nothing: the button stays disabled.
export async function during(button, output, words, work) {
  button.disabled = true;
  output.classList.remove("bad");
  output.textContent = words;
  try {
    const outcome = await work();
    if (outcome === undefined) return;
    output.textContent = outcome;
  } catch (error) {
    output.classList.add("bad");
    output.textContent = error.message;
  }
  button.disabled = false;
}

// Runs work whose faults belong to the fields of a form. Each is shown in the line that `lineOf` finds for its field; those without
// a line are in the error.
export async function atFields(lineOf, work) {
  try {
    return await work();
  } catch (error) {
    if (!error.faults?.length) throw error;
    const others = [];
    for (const { field, message } of error.faults) {
      const line = lineOf(field);
      if (!line) {
        others.push(field ? `${field}: ${message}` : message);
        continue;
      }
      line.textContent = line.hidden ? message : `${line.textContent} ${message}`;
      line.hidden = false;
      line.closest("details")?.setAttribute("open", "");
    }
    throw new Error(others.join("; ") || text("script-see-fields"));
  }
}

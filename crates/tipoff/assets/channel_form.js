// The form of a channel: it is tested, kept, changed or removed, and each fault is shown at its field.
// A stored secret is not in the page: its field is empty, and is named as kept unless something is typed.

import { text } from "./texts.js";

const form = document.getElementById("channel");
const csrf = document.querySelector("meta[name=csrf]").content;
const result = document.getElementById("result");
const name = document.getElementById("name");
const { type, part, version } = form.dataset;

class Refused extends Error {
  constructor(told, status) {
    super(told.detail ?? status);
    this.faults = told.faults ?? [];
  }
}

async function call(method, address, body) {
  const answer = await fetch(address, {
    method,
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told, answer.statusText);
  return told;
}

const field = (key) => form.querySelector(`[data-key="${key}"]`);
const typed = (key) => field(key)?.value.trim() ?? "";
const lines = (whole) => whole.split("\n").map((line) => line.trim()).filter((line) => line);

// A value as the API takes it. A number that is none is sent as it is: the answer says what is wrong with it.
function value(input) {
  const entered = input.value.trim();
  switch (input.dataset.shape) {
    case "flag": return entered === "true";
    case "integer": return /^[+-]?\d{1,15}$/.test(entered) ? Number(entered) : entered;
    case "list":
    case "names": return lines(entered);
    case "table": return Object.fromEntries(lines(entered).map((line) => {
      const [head, ...rest] = line.split(":");
      return [head.trim(), rest.join(":").trim()];
    }));
    default: return entered;
  }
}

function draft() {
  const settings = {};
  const keep = [];
  for (const input of form.querySelectorAll("[data-key]")) {
    if (input.value.trim() !== "") settings[input.dataset.key] = value(input);
    else if ("kept" in input.dataset) keep.push(input.dataset.key);
  }
  const expire = document.getElementById("expire").value.trim();
  const draft = { type, name: name.value, expire: expire || null, settings, keep };
  return part ? { ...draft, version: Number(version) } : draft;
}

function clear() {
  for (const line of form.querySelectorAll("[data-fault]")) {
    line.hidden = true;
    line.textContent = "";
  }
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

// Shows each fault at its field, and returns those that have none.
function place(faults) {
  const others = [];
  for (const { field: key, message } of faults) {
    const line = form.querySelector(`[data-fault="${CSS.escape(key)}"]`);
    if (!line) {
      others.push(key ? `${key}: ${message}` : message);
      continue;
    }
    line.textContent = line.hidden ? message : `${line.textContent} ${message}`;
    line.hidden = false;
    const input = line.parentElement.querySelector("input, select, textarea");
    input.setAttribute("aria-invalid", "true");
    line.closest("details")?.setAttribute("open", "");
  }
  form.querySelector("[aria-invalid]")?.focus();
  return others;
}

// Runs something for a button, with its progress and its faults.
async function during(button, say, words, work) {
  button.disabled = true;
  clear();
  say.className = "";
  say.textContent = words;
  try {
    say.textContent = await work();
    say.className = "good";
  } catch (error) {
    say.className = "bad";
    const others = error.faults?.length ? place(error.faults) : [error.message];
    say.textContent = others.join("; ") || text("script-channel-see-fields");
  } finally {
    button.disabled = false;
  }
}

document.getElementById("try").addEventListener("click", (event) => {
  during(event.target, result, text("script-channel-sending"), async () => {
    const { said } = await call("POST", "api/v1/channel-tests", draft());
    return text("script-channel-delivered", { said });
  });
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  during(document.getElementById("keep"), result, text("script-channel-saving"), async () => {
    if (part) await call("PUT", `api/v1/channels/${part}/settings`, draft());
    else await call("POST", "api/v1/channels", draft());
    location.assign("channels");
    return text("script-channel-saved");
  });
});

document.getElementById("remove")?.addEventListener("click", (event) => {
  if (!confirm(text("script-channel-remove"))) return;
  during(event.target, document.getElementById("removed"), text("script-channel-removing"), async () => {
    await call("POST", `api/v1/channels/${part}/remove`);
    location.assign("channels");
    return text("script-channel-removed");
  });
});

// --- Telegram: the chat is the one that writes to the bot.

document.getElementById("find-chat")?.addEventListener("click", (event) => {
  const now = document.getElementById("write-now");
  during(event.target, document.getElementById("finding"), text("script-channel-asking"), async () => {
    const bot = { token: typed("token"), api: typed("api") || null };
    const { username, link, qr } = await call("POST", "api/v1/telegram/bot", bot);
    const shown = document.getElementById("bot-link");
    shown.href = link;
    shown.textContent = `t.me/${username}`;
    document.getElementById("bot-qr").src = qr;
    now.hidden = false;
    document.getElementById("finding").textContent = text("script-channel-waiting");
    const deadline = Date.now() + 10 * 60 * 1000;
    while (Date.now() < deadline) {
      const { chat, title, topic } = await call("POST", "api/v1/telegram/chat", bot);
      if (chat !== null) {
        field("chat").value = chat;
        if (field("topic")) field("topic").value = topic ?? "";
        now.hidden = true;
        return text("script-channel-found", { title });
      }
    }
    now.hidden = true;
    throw new Error(text("script-channel-nobody"));
  });
});

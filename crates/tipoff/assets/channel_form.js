// The form of a channel: it is tested, kept, changed or removed, and each fault is shown at its field.
// A stored secret is not in the page: its field is empty, and is named as kept unless something is typed.

import { atFields, call, during } from "./api.js";
import { text } from "./texts.js";

const form = document.getElementById("channel");
const result = document.getElementById("result");
const name = document.getElementById("name");
const { type, part, version } = form.dataset;

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

// Where the fault of a field is shown. The field is marked.
function faultLine(key) {
  const line = form.querySelector(`[data-fault="${CSS.escape(key)}"]`);
  line?.parentElement.querySelector("input, select, textarea").setAttribute("aria-invalid", "true");
  return line;
}

// Runs the work of a button. Of the fields with faults the first one gets the focus.
function run(button, output, words, work) {
  clear();
  const focus = () => form.querySelector("[aria-invalid]")?.focus();
  during(button, output, words, () => atFields(faultLine, work).finally(focus));
}

document.getElementById("try").addEventListener("click", (event) => {
  run(event.target, result, text("script-channel-sending"), async () => {
    const { said } = await call("POST", "api/v1/channel-tests", draft());
    return text("script-channel-delivered", { said });
  });
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(document.getElementById("keep"), result, text("script-channel-saving"), async () => {
    if (part) await call("PUT", `api/v1/channels/${part}/settings`, draft());
    else await call("POST", "api/v1/channels", draft());
    location.assign("channels");
    return text("script-channel-saved");
  });
});

document.getElementById("remove")?.addEventListener("click", (event) => {
  if (!confirm(text("script-channel-remove"))) return;
  run(event.target, document.getElementById("removed"), text("script-channel-removing"), async () => {
    await call("POST", `api/v1/channels/${part}/remove`);
    location.assign("channels");
    return text("script-channel-removed");
  });
});

// --- Telegram: the chat is the one that writes to the bot.

document.getElementById("find-chat")?.addEventListener("click", (event) => {
  const now = document.getElementById("write-now");
  run(event.target, document.getElementById("finding"), text("script-channel-asking"), async () => {
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

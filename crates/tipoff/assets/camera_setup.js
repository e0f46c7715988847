// The page on which Tipoff sets a camera up. What the camera says is shown as text, never as markup.

import { call, during } from "./api.js";
import { text } from "./texts.js";

const form = document.getElementById("camera");
const plan = document.getElementById("plan");
const write = document.getElementById("write");
const written = document.getElementById("written");
let shown = "";

function ask(action, more) {
  const { address, user, password } = form.elements;
  const body = { address: address.value, user: user.value, password: password.value, ...more };
  return call("POST", `api/v1/devices/${form.dataset.device}/camera/${action}`, body);
}

function items(list, lines) {
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function row({ what, from, to }) {
  const line = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = what;
  const cells = [from, to].map((value) => {
    const cell = document.createElement("td");
    cell.textContent = value;
    return cell;
  });
  line.append(head, ...cells);
  return line;
}

function show(told) {
  shown = told.plan;
  const view = document.getElementById("view");
  view.hidden = !told.picture;
  if (told.picture) view.src = told.picture;
  document.getElementById("which").textContent = [told.vendor, told.model, told.name].filter(Boolean).join(" · ");
  document.querySelector("#changes tbody").replaceChildren(...told.changes.map(row));
  const isSet = told.changes.length === 0;
  document.getElementById("changes").hidden = isSet;
  document.getElementById("nothing-to-change").hidden = !isSet;
  write.textContent = isSet ? text("script-camera-test") : text("script-camera-write");
  items(document.getElementById("notes"), told.notes);
  items(document.getElementById("faults"), []);
  written.textContent = "";
  plan.hidden = false;
  plan.scrollIntoView({ block: "nearest" });
}

function outcome({ faults, test, test_fault }) {
  items(document.getElementById("faults"), faults);
  if (faults.length) return text("script-camera-not-taken");
  if (test === "failed") return text("script-camera-test-failed", { fault: test_fault });
  if (test === "reached") return text("script-camera-test-reached");
  return text("script-camera-written");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  plan.hidden = true;
  const say = form.querySelector("output");
  during(form.querySelector("button"), say, text("script-camera-asking"), async () => {
    show(await ask("plan", {}));
    return "";
  });
});

// The changes that are shown are of the camera that was asked.
form.addEventListener("input", (event) => {
  if (event.target.type !== "checkbox") plan.hidden = true;
});

// A camera that was found: its address goes into the form.
function found({ address, model, name, is_new }) {
  const item = document.createElement("li");
  item.className = "item";
  const about = document.createElement("span");
  about.className = "name";
  about.textContent = [address, model ?? name].filter(Boolean).join(" · ");
  const choose = document.createElement("button");
  choose.type = "button";
  choose.textContent = text("script-camera-choose");
  choose.setAttribute("aria-label", text("script-camera-choose-address", { address }));
  choose.addEventListener("click", () => {
    form.elements.address.value = address;
    plan.hidden = true;
    form.elements.password.focus();
  });
  item.append(about, choose);
  if (is_new) {
    const hint = document.createElement("div");
    hint.className = "small fault";
    hint.textContent = text("script-camera-is-new");
    item.append(hint);
  }
  return item;
}

const search = document.getElementById("search");
search.addEventListener("click", () => {
  const list = document.getElementById("found");
  during(search, document.getElementById("searched"), text("script-camera-looking"), async () => {
    const { cameras } = await call("POST", "api/v1/cameras/search", {});
    list.replaceChildren(...cameras.map(found));
    return cameras.length ? "" : text("script-camera-none");
  });
});

write.addEventListener("click", () => {
  during(write, written, text("script-camera-writing"), async () => outcome(await ask("write", { plan: shown, keep_login: form.elements.keep_login.checked })));
});

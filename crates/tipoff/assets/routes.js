// The routes that were added here: the list moves and removes them, and the form adds and changes one. Each change reads all of
// them and replaces them as a whole, if they still have the version that the page shows.

import { atFields, call, during } from "./api.js";
import { text } from "./texts.js";

const result = document.getElementById("result");
const form = document.getElementById("route");

// Replaces all routes by what `change` makes of them.
async function replace(version, change) {
  const stored = await call("GET", "api/v1/routes");
  if (stored.version !== Number(version)) throw new Error(text("script-routes-changed"));
  await call("PUT", "api/v1/routes", { version: stored.version, routes: change(stored.routes) });
}

// --- The list. It is replaced when it has changed, so the clicks are noticed above it.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move], [data-remove]");
  if (!button) return;
  if (button.dataset.remove && !confirm(button.dataset.remove)) return;
  const at = Number(button.closest("[data-position]").dataset.position);
  const { version } = document.getElementById("routes").dataset;
  during(button, result, "", async () => {
    await replace(version, (routes) => {
      const [route] = routes.splice(at, 1);
      if (button.dataset.move) routes.splice(at + Number(button.dataset.move), 0, route);
      return routes;
    });
    const to = at + Number(button.dataset.move ?? 0);
    sessionStorage.setItem("focus", button.id.replace(/\d+$/, to));
    location.reload();
  });
});

// After a move the keys are still at the route that was moved: at the same button, or where it cannot go on, the other one.
const focused = sessionStorage.getItem("focus");
if (focused) {
  sessionStorage.removeItem("focus");
  const other = focused.startsWith("up") ? focused.replace("up", "down") : focused.replace("down", "up");
  (document.getElementById(focused) ?? document.getElementById(other))?.focus();
}

// --- The form.

function set(route, key, value, isSet) {
  if (isSet) route[key] = value;
  else delete route[key];
}

// The route with what the form says. What the form does not show stays.
function filled(before) {
  const route = { ...before };
  const chosen = new Map();
  for (const box of form.querySelectorAll("[data-list]")) {
    const list = chosen.get(box.dataset.list) ?? [];
    if (box.checked) list.push(box.value);
    chosen.set(box.dataset.list, list);
  }
  const whom = form.querySelector("[name=whom]:checked")?.value;
  for (const [key, list] of chosen) if (key !== "channels") set(route, key, list, list.length > 0);
  set(route, "channels", whom === "these" ? chosen.get("channels") ?? [] : [], whom !== "all");
  for (const input of form.querySelectorAll("[data-text]")) {
    set(route, input.dataset.text, input.value.trim(), input.value.trim() !== "");
  }
  for (const input of form.querySelectorAll("[data-number]")) {
    const typed = input.value.trim();
    set(route, input.dataset.number, /^\d{1,9}$/.test(typed) ? Number(typed) : typed, typed !== "");
  }
  for (const input of form.querySelectorAll("[data-flag]")) {
    set(route, input.dataset.flag, input.checked, input.checked !== input.defaultChecked || input.dataset.flag in route);
  }
  for (const input of form.querySelectorAll("[data-unless]")) route[input.dataset.unless] = !input.checked;
  const [start, end] = ["start", "end"].map((id) => document.getElementById(id).value.trim());
  set(route, "between", `${start}-${end}`, start !== "" || end !== "");
  return { route, whom };
}

function clear() {
  for (const line of form.querySelectorAll("[data-fault]")) line.hidden = true;
}

function showChannels() {
  const whom = form.querySelector("[name=whom]:checked")?.value;
  document.getElementById("these").hidden = whom !== "these";
}

form?.addEventListener("change", showChannels);
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  clear();
  during(document.getElementById("save"), result, "", async () => {
    let at = form.dataset.position === undefined ? -1 : Number(form.dataset.position);
    const { whom } = filled({});
    if (whom === "these" && !form.querySelector("[data-list=channels]:checked")) {
      const line = form.querySelector("[data-fault=channels]");
      line.textContent = text("script-choose-channel");
      line.hidden = false;
      throw new Error(text("script-see-fields"));
    }
    const change = (routes) => {
      if (at < 0) {
        // A new one is before a last one for everything, which would end the search.
        const conditions = ["devices", "device_keys", "groups", "events", "subject", "text", "from", "to", "has", "between", "days", "modes"];
        const isForAll = (route) => !conditions.some((key) => key in route);
        at = routes.length > 0 && isForAll(routes[routes.length - 1]) ? routes.length - 1 : routes.length;
        routes.splice(at, 0, {});
      }
      routes[at] = filled(routes[at]).route;
      return routes;
    };
    const line = (field) => {
      const [position, ...key] = field.split(".");
      return Number(position) === at ? form.querySelector(`[data-fault="${CSS.escape(key.join("."))}"]`) : null;
    };
    const showFirst = () => form.querySelector("[data-fault]:not([hidden])")?.scrollIntoView({ block: "center" });
    await atFields(line, () => replace(form.dataset.version, change)).finally(showFirst);
    location.assign("channels/routes");
  });
});

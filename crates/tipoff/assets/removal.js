// Incidents that were removed disappear from open pages, and a device is removed by its form.

import { call, during } from "./api.js";
import { text } from "./texts.js";

function drop(card) {
  const day = card.closest(".day");
  card.remove();
  if (day && !day.querySelector(".card")) day.remove();
  const list = document.querySelector("#timeline, #looks");
  document.getElementById("nothing")?.toggleAttribute("hidden", !!list?.querySelector(".card, .look"));
}

document.addEventListener("removed", ({ detail: incidents }) => {
  for (const incident of incidents) {
    const card = document.getElementById(`i${incident}`);
    if (card) drop(card);
    if (document.documentElement.dataset.incident === String(incident)) showRemoved();
  }
});

// The page of an incident that is gone stays as it is, for whoever reads it, but nothing on it can be done any more.
function showRemoved() {
  document.getElementById("removed").hidden = false;
  for (const part of document.querySelectorAll("[data-live]")) part.removeAttribute("data-live");
  for (const button of document.querySelectorAll("main form button")) button.disabled = true;
}

// Removals that this page was not told of: cards that are missing among the newest ones. A card that was placed since the page
// was requested stays.
export function dropGone(list, fresh, isNewer) {
  const cards = [...fresh.querySelectorAll("#timeline .card")];
  const known = new Set(cards.map((card) => card.id));
  const hasMore = fresh.querySelector("#older a");
  const oldest = hasMore ? Math.min(...cards.map((card) => Number(card.dataset.number))) : 0;
  if (new URLSearchParams(location.search).has("before")) return;
  for (const card of list.querySelectorAll(".card")) {
    if (Number(card.dataset.number) >= oldest && !known.has(card.id) && !isNewer(card)) drop(card);
  }
}

// --- The form: one request removes a part of many incidents.

async function remove(form) {
  const fields = new FormData(form);
  let before = null;
  let removed = 0;
  do {
    const body = { name: fields.get("name"), incidents: !!fields.get("incidents"), before };
    const told = await call("POST", form.dataset.removal, body);
    before = told.before;
    removed += told.removed;
    form.querySelector("output").textContent = text("script-removing", { count: removed });
  } while (before !== null);
  location.assign("devices");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("removal" in form.dataset)) return;
  event.preventDefault();
  during(form.querySelector("button"), form.querySelector("output"), "", () => remove(form));
});

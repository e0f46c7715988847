// Incidents that were removed disappear from open pages, and a device is removed by its form.

import { text } from "./texts.js";

const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";

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
  const say = form.querySelector("output");
  const fields = new FormData(form);
  let before = null;
  let removed = 0;
  do {
    const answer = await fetch(form.dataset.removal, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": csrf },
      body: JSON.stringify({ name: fields.get("name"), incidents: !!fields.get("incidents"), before }),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.detail ?? answer.statusText);
    before = told.before;
    removed += told.removed;
    say.className = "";
    say.textContent = text("script-removing", { count: removed });
  } while (before !== null);
  location.assign("devices");
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("removal" in form.dataset)) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await remove(form);
  } catch (error) {
    const say = form.querySelector("output");
    say.className = "bad";
    say.textContent = error.message;
    button.disabled = false;
  }
});

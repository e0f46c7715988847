// When a device is alerted, and when home modes begin: what the forms say is sent to the API as a whole.

import { text } from "./texts.js";

const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
const said = document.getElementById("scheduled");

async function put(address, body) {
  const answer = await fetch(address, {
    method: "PUT",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: JSON.stringify(body),
  });
  const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told.detail ?? answer.statusText), { faults: told.faults ?? [] });
  return told;
}

async function during(button, work) {
  button.disabled = true;
  said.className = "";
  said.textContent = "";
  try {
    await work();
    said.textContent = said.dataset.done;
    said.className = "good";
  } catch (error) {
    said.className = "bad";
    said.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

const days = (part) => [...part.querySelectorAll("[data-day]:checked")].map((box) => box.value);

// --- The page of a device.

const schedule = document.getElementById("schedule");
schedule?.addEventListener("change", () => {
  document.getElementById("hours").hidden = schedule.elements.when.value !== "hours";
});
schedule?.addEventListener("submit", (event) => {
  event.preventDefault();
  const when = schedule.elements.when.value;
  const [start, end] = ["start", "end"].map((id) => document.getElementById(id).value.trim());
  const between = when === "hours" && (start || end) ? `${start}-${end}` : null;
  const body = { never: when === "never", between, days: when === "hours" ? days(schedule) : [] };
  during(document.getElementById("save-schedule"), () =>
    put(`api/v1/devices/${schedule.dataset.device}/schedule`, body));
});

// --- The home modes.

const modes = document.getElementById("modes");
const list = document.getElementById("mode-list");
document.getElementById("add-mode")?.addEventListener("click", () => {
  list.append(document.getElementById("new-mode").content.cloneNode(true));
  list.lastElementChild.querySelector("input").focus();
});
list?.addEventListener("click", (event) => {
  if (event.target.closest("[data-remove]")) event.target.closest("[data-mode]").remove();
});
modes?.addEventListener("submit", (event) => {
  event.preventDefault();
  const rows = [...list.querySelectorAll("[data-mode]")];
  for (const line of list.querySelectorAll("[data-fault]")) line.hidden = true;
  const all = rows.map((row) => ({
    name: row.querySelector("[data-name]").value.trim(),
    at: row.querySelector("[data-at]").value.split(",").map((time) => time.trim()).filter((time) => time),
    days: days(row),
  }));
  during(document.getElementById("save-modes"), async () => {
    try {
      const { version } = await put("api/v1/modes", { version: Number(modes.dataset.version), modes: all });
      modes.dataset.version = version;
    } catch (error) {
      for (const { field, message } of error.faults ?? []) {
        const line = rows[Number(field.split(".")[0])]?.querySelector("[data-fault]");
        if (!line) continue;
        line.textContent = message;
        line.hidden = false;
      }
      if (error.faults?.length) throw new Error(text("script-see-fields"));
      throw error;
    }
  });
});

// When a device is alerted, and when home modes begin: what the forms say is sent to the API as a whole.

import { atFields, call, during } from "./api.js";

// Sends what a form says, and shows that it is saved.
function save(button, work) {
  const said = document.getElementById("scheduled");
  during(button, said, "", async () => {
    await work();
    return said.dataset.done;
  });
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
  const line = (field) => schedule.querySelector(`[data-fault="${CSS.escape(field)}"]`);
  for (const shown of schedule.querySelectorAll("[data-fault]")) shown.hidden = true;
  save(document.getElementById("save-schedule"), () =>
    atFields(line, () => call("PUT", `api/v1/devices/${schedule.dataset.device}/schedule`, body)));
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
  const line = (field) => rows[Number(field.split(".")[0])]?.querySelector("[data-fault]");
  save(document.getElementById("save-modes"), () => atFields(line, async () => {
    const body = { version: Number(modes.dataset.version), modes: all };
    const { version } = await call("PUT", "api/v1/modes", body);
    modes.dataset.version = version;
  }));
});

// The review: pictures are opened large, swiped and marked; several are selected. Everything that is shown was sent by the
// server; what was looked at is marked as seen.

import { call as request } from "./api.js";
import { rememberPlace, restorePlace } from "./list_place.js";
import { text } from "./texts.js";
import { isZoomed, reset } from "./zoom.js";

const looks = document.getElementById("looks");
const viewer = document.getElementById("viewer");
const hasMarks = "marks" in looks.dataset;

// One may leave the page at once: the request goes on.
const call = (method, address, body) => request(method, address, body, { keepalive: true });

const number = (look) => Number(look.dataset.number);
const all = () => [...looks.querySelectorAll(".look")];

// --- Marks. What is seen is sent in groups, since one swipes fast.

const seen = new Set();
let sending = 0;
function send() {
  clearTimeout(sending);
  const ids = [...seen].slice(0, 200);
  if (!ids.length) return;
  for (const id of ids) seen.delete(id);
  call("PUT", "api/v1/incidents/marks", { ids, seen: true }).catch(() => ids.forEach((id) => seen.add(id)));
}
function see(look) {
  if (!hasMarks || !look || look.classList.contains("seen")) return;
  look.classList.add("seen");
  seen.add(number(look));
  clearTimeout(sending);
  sending = setTimeout(send, 700);
}
async function unsee(look) {
  seen.delete(number(look));
  look.classList.remove("seen");
  await call("PUT", "api/v1/incidents/marks", { ids: [number(look)], seen: false });
}
addEventListener("pagehide", send);
document.addEventListener("visibilitychange", () => document.hidden && send());

function showStar(look) {
  const starred = look.classList.contains("starred");
  look.querySelector(".star")?.setAttribute("aria-pressed", starred);
  if (look === current) viewer.querySelector(".star")?.setAttribute("aria-pressed", starred);
}
async function star(look, on = !look.classList.contains("starred")) {
  if (!hasMarks) return;
  look.classList.toggle("starred", on);
  showStar(look);
  try {
    await call("PUT", "api/v1/incidents/marks", { ids: [number(look)], starred: on });
  } catch {
    look.classList.toggle("starred", !on);
    showStar(look);
  }
}

// --- The large view.

let current = null;
const picture = document.getElementById("viewer-picture");
const frame = picture.closest("[data-zoom]");

function show(look) {
  current = look;
  reset(frame);
  const small = look.querySelector("img")?.src ?? "";
  // The small picture is there at once; the large one replaces it.
  picture.src = small;
  picture.hidden = !small;
  picture.alt = look.querySelector(".tag").textContent;
  const full = look.dataset.full;
  if (full) {
    const large = new Image();
    large.onload = () => current === look && (picture.src = large.src);
    large.src = full;
  }
  const note = "video" in look.dataset ? text("script-review-is-video") : small ? "" : text("script-review-no-picture");
  document.getElementById("viewer-note").textContent = note;
  const told = [".tag", ".who", "time"].map((part) => look.querySelector(part).textContent.trim());
  document.getElementById("viewer-title").textContent = told.join(" · ");
  document.getElementById("viewer-open").href = look.querySelector("a").href;
  const list = all();
  const at = list.indexOf(look);
  const place = document.querySelector("#more a") ? "script-review-place-more" : "script-review-place";
  document.getElementById("viewer-place").textContent = text(place, { number: at + 1, total: list.length });
  viewer.querySelector("[data-do=back]").disabled = at === 0;
  viewer.querySelector("[data-do=on]").disabled = at === list.length - 1 && !document.querySelector("#more a");
  showStar(look);
  see(look);
  // The next one is fetched meanwhile.
  const next = list[at + 1]?.dataset.full;
  if (next) new Image().src = next;
  if (at > list.length - 6) more();
}

function open(look) {
  show(look);
  if (!viewer.open) viewer.showModal();
}

async function step(by) {
  let list = all();
  const at = list.indexOf(current);
  if (by > 0 && at === list.length - 1) {
    await more();
    list = all();
  }
  if (list[at + by]) show(list[at + by]);
}

viewer.addEventListener("close", () => {
  send();
  current?.querySelector("a").focus();
  current = null;
});
viewer.addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "close" || event.target === viewer) viewer.close();
  if (what === "back") step(-1);
  if (what === "on") step(1);
  if (what === "star") star(current);
  if (event.target.closest("#viewer-open")) rememberPlace(current);
});

// A swipe to the side goes on, a swipe down closes. Of a zoomed picture it moves the picture.
let from = null;
viewer.addEventListener("pointerdown", (event) => {
  from = event.isPrimary && !isZoomed(frame) ? [event.clientX, event.clientY] : null;
});
viewer.addEventListener("pointerup", (event) => {
  if (!from) return;
  const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
  from = null;
  if (Math.abs(x) > 50 && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  else if (y > 90 && y > 2 * Math.abs(x)) viewer.close();
});

looks.addEventListener("click", (event) => {
  const look = event.target.closest(".look");
  if (!look) return;
  if (event.target.closest(".star")) return star(look);
  if (!event.target.closest("a") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (looks.classList.contains("choosing")) {
    const pick = look.querySelector(".pick");
    pick.checked = !pick.checked;
    return count();
  }
  open(look);
});

// What was removed elsewhere is not shown large any more; removal.js removes its picture.
document.addEventListener("removed", ({ detail: incidents }) => {
  if (current && incidents.includes(number(current))) viewer.close();
  count();
});

// --- Keys: j and k or arrows move, space marks as seen, s stars, Enter opens.

function focusOn(by) {
  const list = all();
  const at = list.findIndex((look) => look.contains(document.activeElement));
  const next = list[at < 0 ? 0 : Math.max(0, Math.min(list.length - 1, at + by))];
  next?.querySelector("a").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const look = viewer.open ? current : document.activeElement?.closest?.(".look");
  const by = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[event.key];
  if (by) {
    event.preventDefault();
    if (viewer.open) step(by);
    else focusOn(by);
  } else if (event.key === " " && look && !event.target.matches("button")) {
    event.preventDefault();
    if (viewer.open) step(1);
    else {
      if (look.classList.contains("seen")) unsee(look).catch(() => {});
      else see(look);
      focusOn(1);
    }
  } else if (event.key === "s" && look) star(look);
  else if (event.key === "Enter" && viewer.open && !event.target.matches("button, a")) document.getElementById("viewer-open").click();
});

// --- More pictures, as one scrolls; new ones, as they arrive.

let loading = null;
function more() {
  const box = document.getElementById("more");
  const link = box.querySelector("a");
  if (!link) return Promise.resolve();
  loading ??= (async () => {
    try {
      const answer = await fetch(link.href, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      place(fresh, false);
      box.replaceChildren(...fresh.getElementById("more").childNodes);
    } catch {
      // The next scroll tries again.
    } finally {
      loading = null;
    }
  })();
  return loading;
}

restorePlace(async () => {
  const before = all().length;
  await more();
  return all().length > before;
});

// Puts the pictures of a page that are not shown yet before the one that follows them there, else at the end.
function place(fresh, isNew) {
  let next = null;
  for (const look of [...fresh.querySelectorAll("#looks .look")].reverse()) {
    const known = document.getElementById(look.id);
    if (!known) {
      if (isNew) look.classList.add("fresh");
      looks.insertBefore(document.adoptNode(look), next);
    }
    next = known ?? look;
  }
  document.getElementById("nothing").hidden = all().length > 0;
}

new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: "900px" })
  .observe(document.getElementById("more"));
document.addEventListener("fresh", (event) => !new URLSearchParams(location.search).has("before") && place(event.detail, true));

// --- Several at once.

const bar = document.getElementById("chosen");
const say = bar.querySelector("output");
const chosen = () => all().filter((look) => look.querySelector(".pick").checked);

function count() {
  const picked = chosen().length;
  document.getElementById("chosen-count").textContent = text("script-review-selected", { count: picked });
  for (const button of bar.querySelectorAll("[data-do]:not([data-do=all])")) button.disabled = picked === 0;
}
looks.addEventListener("change", count);

document.getElementById("choose")?.addEventListener("click", (event) => {
  const on = looks.classList.toggle("choosing");
  event.currentTarget.setAttribute("aria-pressed", on);
  bar.hidden = !on;
  say.textContent = "";
  if (!on) for (const look of chosen()) look.querySelector(".pick").checked = false;
  count();
});

const groups = (ids, size) => Array.from({ length: Math.ceil(ids.length / size) }, (_, at) => ids.slice(at * size, (at + 1) * size));

const deeds = {
  all: async () => {
    for (const look of all()) look.querySelector(".pick").checked = true;
    count();
  },
  star: async (picked) => {
    for (const ids of groups(picked.map(number), 200)) await call("PUT", "api/v1/incidents/marks", { ids, starred: true });
    for (const look of picked) {
      look.classList.add("starred");
      showStar(look);
    }
    return text("script-review-starred");
  },
  seen: async (picked) => {
    picked.forEach(see);
    send();
    return text("script-review-seen");
  },
  lock: async (picked) => {
    for (const id of picked.map(number)) await call("POST", `api/v1/incidents/${id}/lock`, {});
    return text("script-review-locked");
  },
  zip: async (picked) => {
    const address = `api/v1/incidents/zip?ids=${picked.map(number).join(",")}`;
    // Only a GET is answered with the reason.
    await call("HEAD", address).catch(() => call("GET", address));
    location.assign(address);
    return "";
  },
  remove: async (picked) => {
    if (!confirm(text("script-review-confirm-delete", { count: picked.length }))) return "";
    const kept = { locked: 0, summary: 0 };
    let removed = 0;
    for (const ids of groups(picked.map(number), 100)) {
      const told = await call("POST", "api/v1/incidents/remove", { ids });
      for (const id of told.removed) document.getElementById(`i${id}`)?.remove();
      removed += told.removed.length;
      kept.locked += told.locked.length;
      kept.summary += told.summary_pending.length;
    }
    document.getElementById("nothing").hidden = all().length > 0;
    count();
    const notes = [text("script-review-deleted", { count: removed })];
    if (kept.locked) notes.push(text("script-review-kept-locked", { count: kept.locked }));
    if (kept.summary) notes.push(text("script-review-kept-summary", { count: kept.summary }));
    return notes.join(" ");
  },
};

bar.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  say.className = "";
  say.textContent = "";
  try {
    say.textContent = (await deeds[button.dataset.do](chosen())) ?? "";
  } catch (error) {
    say.className = "bad";
    say.textContent = error.message;
  }
});

document.getElementById("see-all")?.addEventListener("click", async (event) => {
  const { from: begin, until, device, event: kind, upTo } = event.currentTarget.dataset;
  const body = { from: begin, until, up_to: Number(upTo), device: Number(device) || null, event: kind || null };
  event.currentTarget.disabled = true;
  await call("POST", "api/v1/review/seen", body).catch(() => {});
  location.reload();
});

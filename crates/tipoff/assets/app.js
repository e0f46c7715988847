// What a page cannot do by itself: it stays live, sends forms to the API, and answers to keys.
// Everything that is shown comes from the server; nothing here makes markup of what a device said.

import { call } from "./api.js";
import "./copy.js";
import { rememberPlace, restorePlace } from "./list_place.js";
import { dropGone } from "./removal.js";
import "./zoom.js";

const page = document.documentElement;
// Shows what only works with scripts, such as the choice of the language.
page.classList.add("has-script");

// The reader's zone, so that the server writes times as the reader reads them.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const cookieScope = `; path=${new URL(document.baseURI).pathname}; samesite=lax; max-age=`;
if (zone && page.dataset.zone && page.dataset.zone !== zone) {
  document.cookie = `zone=${zone}${cookieScope}31536000`;
  if (!sessionStorage.getItem("zone-told")) {
    sessionStorage.setItem("zone-told", "1");
    location.reload();
  }
}

// A choice that only this browser has, such as the language of pages. Without a value the cookie ends.
document.addEventListener("change", (event) => {
  const name = event.target.dataset?.cookie;
  if (!name) return;
  const value = event.target.value;
  document.cookie = `${name}=${value}${cookieScope}${value ? 31536000 : 0}`;
  location.reload();
});

// --- Looking again: elements marked data-live are replaced by what the server shows now.

async function fetchPage(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (answer.redirected && new URL(answer.url).pathname === new URL("login", document.baseURI).pathname) location.reload();
  if (!answer.ok) throw new Error(answer.statusText);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// As the server sent them: what a script has changed since, such as a video that plays, is no news.
const served = new WeakMap();
for (const part of document.querySelectorAll("[data-live][id]")) served.set(part, part.outerHTML);

// The output of a form stays when the form is replaced: it says what came of the click that led to the replacement. The
// element itself is moved, so that an answer which is still awaited is written where people see it.
function keepOutputs(old, now) {
  const formsOf = (part, api) => [...part.querySelectorAll("form[data-api]")].filter((it) => it.dataset.api === api);
  for (const form of old.querySelectorAll("form[data-api]")) {
    const said = form.querySelector("output");
    if (!said?.textContent) continue;
    const place = formsOf(old, form.dataset.api).indexOf(form);
    formsOf(now, form.dataset.api)[place]?.querySelector("output")?.replaceWith(said);
  }
}

// A page says when it shows something else although nothing happens.
let alarm = 0;
function lookLater() {
  clearTimeout(alarm);
  const seconds = Number(document.querySelector("[data-again]")?.dataset.again);
  if (seconds) alarm = setTimeout(refresh, seconds * 1000);
}
lookLater();

let looking = false;
let lookAgain = false;
async function refresh() {
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  const turn = ++turns;
  try {
    const fresh = await fetchPage(location.href);
    for (const old of document.querySelectorAll("[data-live][id]")) {
      const now = fresh.getElementById(old.id);
      const busy = old.contains(document.activeElement) &&
        document.activeElement.matches("input, select, textarea");
      if (now && !busy && now.outerHTML !== (served.get(old) ?? old.outerHTML)) {
        const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
        served.set(now, now.outerHTML);
        keepOutputs(old, now);
        old.replaceWith(document.adoptNode(now));
        if (focused) document.getElementById(focused)?.focus();
      }
    }
    if (timeline) {
      dropGone(timeline, fresh, (card) => turnOfCard.get(card.id) > turn);
      placeAll(fresh, true, turn);
    }
    document.dispatchEvent(new CustomEvent("fresh", { detail: fresh }));
    if (document.querySelector("[data-gone]")) location.reload();
  } catch {
    // The next notice tries again.
  } finally {
    looking = false;
    lookLater();
    if (lookAgain) {
      lookAgain = false;
      setTimeout(refresh, 500);
    }
  }
}

// --- The timeline: cards that arrive, and older ones as one scrolls.

const timeline = document.getElementById("timeline");

// Answers may overtake each other: a card is never replaced by what was requested before it.
let turns = 0;
const turnOfCard = new Map();

function place(card, day, label, turn) {
  if (turnOfCard.get(card.id) > turn) return;
  turnOfCard.set(card.id, turn);
  const known = document.getElementById(card.id);
  if (known) {
    if (known.outerHTML !== card.outerHTML) known.replaceWith(card);
    return;
  }
  let section = [...timeline.querySelectorAll(".day")].find((it) => it.dataset.day === day);
  if (!section) {
    section = document.createElement("section");
    section.className = "day";
    section.dataset.day = day;
    const heading = document.createElement("h2");
    heading.textContent = label;
    const grid = document.createElement("ol");
    grid.className = "grid";
    section.append(heading, grid);
    const older = [...timeline.querySelectorAll(".day")].find((it) => it.dataset.day < day);
    timeline.insertBefore(section, older ?? null);
  }
  const grid = section.querySelector(".grid");
  const number = Number(card.dataset.number);
  const next = [...grid.children].find((it) => Number(it.dataset.number) < number);
  grid.insertBefore(card, next ?? null);
}

function placeAll(fresh, isNew, turn) {
  for (const section of fresh.querySelectorAll("#timeline .day")) {
    const label = section.querySelector("h2").textContent;
    for (const card of section.querySelectorAll(".card")) {
      if (isNew && !document.getElementById(card.id)) card.classList.add("fresh");
      place(document.adoptNode(card), section.dataset.day, label, turn);
    }
  }
  document.getElementById("nothing")?.toggleAttribute("hidden", !!timeline.querySelector(".card"));
}

async function show(incident) {
  const address = new URL(location.href);
  address.searchParams.set("only", incident);
  address.searchParams.delete("before");
  const turn = ++turns;
  try {
    placeAll(await fetchPage(address), true, turn);
  } catch {
    // The next notice tries again.
  }
}

if (timeline) {
  const older = document.getElementById("older");
  let loading = null;
  // Loads the next older cards, and returns whether there were any.
  const loadOlder = () => {
    const link = older.querySelector("a");
    if (!link) return false;
    loading ??= (async () => {
      const turn = ++turns;
      try {
        const fresh = await fetchPage(link.href);
        placeAll(fresh, false, turn);
        older.replaceChildren(...fresh.getElementById("older").childNodes);
        return true;
      } catch {
        // The next scroll tries again.
        return false;
      } finally {
        loading = null;
      }
    })();
    return loading;
  };
  const watcher = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting) || !await loadOlder()) return;
    watcher.unobserve(older);
    watcher.observe(older);
  }, { rootMargin: "600px" });
  if (older) watcher.observe(older);
  timeline.addEventListener("click", (event) => {
    const card = event.target.closest("a") && event.target.closest(".card");
    if (card) rememberPlace(card);
  });
  restorePlace(loadOlder);
  document.getElementById("filters")?.addEventListener("change", (change) => {
    change.target.form?.requestSubmit();
  });
}

// --- News from the server, while the page is looked at.

const live = document.getElementById("live");
let news = null;

function listen() {
  if (news || document.hidden || !live) return;
  news = new EventSource("api/v1/events");
  news.addEventListener("open", () => {
    live.classList.add("on");
    live.textContent = live.dataset.on;
    // Notices between the page's load and now were missed.
    refresh();
  });
  news.addEventListener("error", () => {
    live.classList.remove("on");
    live.textContent = live.dataset.off;
  });
  for (const kind of ["incident", "removed", "delivery", "channel", "device", "session", "configuration", "house", "missed"]) {
    news.addEventListener(kind, (notice) => {
      const told = JSON.parse(notice.data || "{}");
      if (timeline && told.incident) show(told.incident);
      if (kind === "removed") document.dispatchEvent(new CustomEvent("removed", { detail: told.incidents }));
      const wanted = (page.dataset.events ?? "").split(" ");
      const other = page.dataset.incident && told.incident && page.dataset.incident !== String(told.incident);
      if ((wanted.includes(kind) && !other) || kind === "missed") refresh();
    });
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    news?.close();
    news = null;
  } else {
    listen();
    refresh();
  }
});
listen();

// --- Forms that the API answers.

function fields(form) {
  const body = {};
  for (const input of form.elements) {
    if (!input.name || input.disabled) continue;
    if (input.type === "checkbox") body[input.name] = input.checked;
    else if (input.dataset.type === "number") body[input.name] = input.value === "" ? null : Number(input.value);
    else if (input.dataset.type === "bool") body[input.name] = input.value === "true";
    else body[input.name] = input.value === "" && "blank" in input.dataset ? null : input.value;
  }
  return body;
}

// Shows an answer in the elements that are named for its fields.
function fill(part, told) {
  for (const it of part.querySelectorAll("[data-field]")) {
    const value = [told[it.dataset.field] ?? ""].flat().join("\n");
    if (it.tagName === "IMG") it.src = value;
    else it.textContent = value;
  }
  part.hidden = false;
}

async function ask(form) {
  const say = form.querySelector("output");
  const [method, address] = form.dataset.api.split(" ");
  const button = form.querySelector("button:not([type=button])");
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  button?.setAttribute("disabled", "");
  if (say) {
    say.classList.remove("bad", "told");
    say.textContent = form.dataset.busy ?? "";
  }
  try {
    const told = await call(method, address, method === "DELETE" ? undefined : fields(form));
    if (form.dataset.show && say) {
      say.textContent = told[form.dataset.show] ?? "";
      say.classList.add("told");
    } else if (say) say.textContent = form.dataset.done ?? "";
    if ("reset" in form.dataset) form.reset();
    if (form.dataset.fill) fill(document.getElementById(form.dataset.fill), told);
    if (form.dataset.then === "reload") location.reload();
    else if (form.dataset.then) location.assign(form.dataset.then.replace("{id}", told.id ?? ""));
    else if (!form.dataset.show && !form.dataset.fill) refresh();
  } catch (error) {
    if (say) {
      say.classList.add("bad");
      say.textContent = error.message;
      say.scrollIntoView({ block: "nearest" });
    }
  } finally {
    button?.removeAttribute("disabled");
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset?.api) return;
  event.preventDefault();
  ask(event.target);
});

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) turn(Number(step.dataset.step));
});

// Going through pictures and incidents adds nothing to the browser's history: Back leads to the list.
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const shot = event.target.closest(".strip a");
  if (shot) {
    event.preventDefault();
    const it = reel();
    const at = [...document.querySelectorAll(".strip a")].indexOf(shot);
    it?.scrollTo({ left: at * it.clientWidth, behavior: "smooth" });
    history.replaceState(null, "", location.pathname + location.search + shot.hash);
  }
  const other = event.target.closest("a[data-replace]");
  if (other) {
    event.preventDefault();
    location.replace(other.href);
  }
});

// Who opens an incident has seen it.
if (page.dataset.incident) {
  call("PUT", "api/v1/incidents/marks", { ids: [Number(page.dataset.incident)], seen: true }).catch(() => {});
}

// --- One incident: arrow keys turn the pages of the reel.

const reel = () => document.querySelector(".reel");

function turn(by) {
  const it = reel();
  if (!it) return;
  const at = Math.round(it.scrollLeft / it.clientWidth);
  const to = Math.max(0, Math.min(it.children.length - 1, at + by));
  it.scrollTo({ left: to * it.clientWidth, behavior: "smooth" });
}

function mark() {
  const it = reel();
  if (!it) return;
  const at = Math.round(it.scrollLeft / it.clientWidth);
  document.querySelectorAll(".strip a").forEach((link, index) => {
    if (index === at) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
}
document.addEventListener("scroll", (event) => event.target === reel() && mark(), true);
mark();

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea, video") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    if (!reel()) return;
    event.preventDefault();
    turn(event.key === "ArrowRight" ? 1 : -1);
  }
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.closest("details")?.setAttribute("open", "");
      search.focus();
    }
  }
});

if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("sw.js");

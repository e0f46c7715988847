// Notifications in this browser: says why there can be none, turns them on and off, and keeps what each browser is notified of.
// The worker (sw.js) shows them.

import { call, during } from "./api.js";

const panel = document.getElementById("push");
const said = document.getElementById("push-said");

function show(state) {
  for (const part of panel.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
  panel.dataset.shown = state;
}

// A browser recognises its line by a digest of its address at the push service, which no page shows.
async function lineOf(subscription) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint));
  const hex = [...new Uint8Array(bytes)].slice(0, 16).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return panel.querySelector(`[data-digest="${hex}"][data-id]`);
}

const manager = async () => (await navigator.serviceWorker.ready).pushManager;

async function look() {
  if (!isSecureContext) return show("insecure");
  const isApple = /iPhone|iPad/.test(navigator.userAgent);
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    return show(isApple ? "apple" : "unsupported");
  }
  if (Notification.permission === "denied") return show("denied");
  const subscription = await (await manager()).getSubscription();
  const line = subscription && await lineOf(subscription);
  if (!line) return show("off");
  line.querySelector("[data-this]").hidden = false;
  panel.dataset.id = line.dataset.id;
  show("on");
}

async function subscribe() {
  const options = { userVisibleOnly: true, applicationServerKey: panel.dataset.key };
  const push = await manager();
  try {
    return await push.subscribe(options);
  } catch (error) {
    // It is subscribed with the key of another server, which was here before.
    const other = error.name === "InvalidStateError" && await push.getSubscription();
    if (!other) throw error;
    await other.unsubscribe();
    return push.subscribe(options);
  }
}

async function turnOn() {
  if (await Notification.requestPermission() === "denied") {
    show("denied");
    return "";
  }
  const { endpoint, keys } = (await subscribe()).toJSON();
  const { p256dh, auth } = keys;
  const { id } = await call("POST", "api/v1/push", { endpoint, keys: { p256dh, auth } });
  await call("POST", `api/v1/push/${id}/test`).finally(() => { panel.dataset.id = id; show("on"); });
  location.reload();
}

async function turnOff() {
  const subscription = await (await manager()).getSubscription();
  await subscription?.unsubscribe();
  await call("POST", `api/v1/push/${panel.dataset.id}/remove`);
  location.reload();
}

async function test() {
  await call("POST", `api/v1/push/${panel.dataset.id}/test`);
  return said.dataset.sent;
}

for (const [id, act] of [["push-on", turnOn], ["push-off", turnOff], ["push-test", test]]) {
  const button = document.getElementById(id);
  button.addEventListener("click", () => during(button, said, "", act));
}

panel.addEventListener("submit", (event) => {
  const { wanted } = event.target.dataset;
  if (!wanted) return;
  event.preventDefault();
  const output = event.target.querySelector("output");
  const chosen = (name) => [...event.target.elements[name].selectedOptions].map((it) => it.value);
  during(event.target.querySelector("button"), output, "", async () => {
    await call("PUT", `api/v1/push/${wanted}`, { devices: chosen("devices"), events: chosen("events") });
    return output.dataset.saved;
  });
});

look();

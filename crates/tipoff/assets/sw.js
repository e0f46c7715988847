// Keeps the shell, so that the app opens at once and says so when the server is away. Never keeps
// a picture, a page or an answer of the API. Shows notifications.
const shell = "shell-{version}";
// Relative to this script, which is at the base path.
const whole = (file) => new URL(file, self.location).href;
const away = whole("away");
const files = [...["assets/app.css", "assets/app.js", "assets/film.js", "assets/icon.svg"].map(whole), away];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(shell).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name !== shell).map((name) => caches.delete(name));
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  // Only the browser can show the answer to a form again, after Back: nothing is unreachable then.
  if (request.mode === "navigate" && request.method === "GET") {
    event.respondWith(fetch(request).catch(() => caches.match(away)));
  } else if (files.includes(request.url.split("?")[0])) {
    event.respondWith(fetch(request).catch(() => caches.match(request, { ignoreSearch: true })));
  }
});

// --- Notifications. A later one of the same incident replaces the earlier one and keeps its words and its picture.

function read(data) {
  try {
    return data.json();
  } catch {
    return { title: "Tipoff", body: data?.text() ?? "" };
  }
}

async function notify(told) {
  const tag = told.tag ?? "";
  const shown = tag ? await self.registration.getNotifications({ tag }) : [];
  const before = told.is_follow_up ? shown[0] : undefined;
  const actions = told.actions ?? [];
  const options = {
    body: before ? [before.body, told.title, told.body].filter((line) => line).join("\n") : told.body,
    tag,
    icon: whole("assets/icon-192.png"),
    silent: told.silent ?? false,
    renotify: tag !== "" && !told.silent,
    timestamp: told.at,
    data: { url: told.url ?? "", actions: actions.map((it) => it.url), image: told.image ?? before?.data?.image },
    actions: actions.map((it, number) => ({ action: String(number), title: it.title })),
  };
  if (options.data.image) options.image = whole(options.data.image);
  await self.registration.showNotification(before ? before.title : told.title, options);
}
self.addEventListener("push", (event) => event.waitUntil(notify(read(event.data))));

async function open({ notification, action }) {
  const { url, actions } = notification.data ?? {};
  const address = whole((action && actions?.[Number(action)]) ?? url ?? "");
  // Only pages of this app, whatever a notification says.
  if (!address.startsWith(self.registration.scope)) return;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const ours = windows.find((it) => it.url.startsWith(self.registration.scope));
  const there = await ours?.navigate(address).catch(() => null);
  await (there ? there.focus() : self.clients.openWindow(address));
}
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event));
});

// The push service has changed the browser's address: the server gets the new one. A page has the token that changes need.
async function subscribeAgain({ oldSubscription, newSubscription }) {
  const page = await fetch(whole("settings"), { headers: { accept: "text/html" } });
  if (!page.ok || page.redirected) return;
  const text = await page.text();
  const [csrf, key] = [/name="csrf" content="([^"]*)"/, /data-key="([^"]*)"/].map((it) => text.match(it)?.[1]);
  if (!csrf || !key) return;
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const now = newSubscription ?? await self.registration.pushManager.subscribe(options);
  const { endpoint, keys: { p256dh, auth } } = now.toJSON();
  await fetch(whole("api/v1/push"), {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: JSON.stringify({ endpoint, keys: { p256dh, auth }, replaces: oldSubscription?.endpoint }),
  });
}
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(subscribeAgain(event)));

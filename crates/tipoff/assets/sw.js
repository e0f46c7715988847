// Keeps the shell, so that the app opens at once and says so when the server is away. Never keeps
// a picture, a page or an answer of the API.
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
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(away)));
  } else if (files.includes(request.url.split("?")[0])) {
    event.respondWith(fetch(request).catch(() => caches.match(request, { ignoreSearch: true })));
  }
});

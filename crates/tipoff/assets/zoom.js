// Pictures are zoomed where one points: a click, a double tap, the wheel or two fingers; dragging moves a zoomed picture.
//
// A picture is in a box with data-zoom. While it is not zoomed, swipes and scrolling are left to the page.

const SCALE_MAX = 8;
const SCALE_OF_CLICK = 2.5;
const TAPS_WITHIN_MS = 350;
// Pixels that a finger or mouse moves in a click.
const STILL = 6;

const views = new WeakMap();

function viewOf(box) {
  if (!views.has(box)) views.set(box, { scale: 1, x: 0, y: 0 });
  return views.get(box);
}
const boxOf = (it) => it?.closest?.("[data-zoom]");
export const isZoomed = (box) => viewOf(box).scale > 1;

function show(box) {
  const view = viewOf(box);
  const image = box.querySelector("img");
  const { offsetWidth: width, offsetHeight: height } = image;
  view.x = Math.min(0, Math.max(width * (1 - view.scale), view.x));
  view.y = Math.min(0, Math.max(height * (1 - view.scale), view.y));
  image.style.transform = view.scale > 1 ? `translate(${view.x}px, ${view.y}px) scale(${view.scale})` : "";
  box.classList.toggle("zoomed", view.scale > 1);
}

export function reset(box) {
  views.delete(box);
  show(box);
}

// Zooms so that the point stays where it is; without one the middle does.
function zoomTo(box, scale, point) {
  const view = viewOf(box);
  if (box.querySelector("img").hidden) return;
  const seen = box.querySelector("img").getBoundingClientRect();
  const middle = box.getBoundingClientRect();
  const [x, y] = point ?? [middle.left + middle.width / 2, middle.top + middle.height / 2];
  const to = Math.min(SCALE_MAX, Math.max(1, scale));
  const [inX, inY] = [x - seen.left + view.x, y - seen.top + view.y];
  view.x = inX - ((inX - view.x) * to) / view.scale;
  view.y = inY - ((inY - view.y) * to) / view.scale;
  view.scale = to < 1.02 ? 1 : to;
  show(box);
}

function move(box, x, y) {
  const view = viewOf(box);
  view.x += x;
  view.y += y;
  show(box);
}

const toggle = (box, point) => zoomTo(box, isZoomed(box) ? 1 : SCALE_OF_CLICK, point);

// --- The wheel. On a page it scrolls, unless the picture is zoomed or a touchpad is pinched.

document.addEventListener("wheel", (event) => {
  const box = boxOf(event.target);
  if (!box || (!box.closest("dialog") && !event.ctrlKey && !isZoomed(box))) return;
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  const change = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002));
  zoomTo(box, viewOf(box).scale * change, [event.clientX, event.clientY]);
}, { passive: false });

// --- Fingers and the mouse.

const fingers = new Map();
let held = null;
let began = [0, 0];
let hasMoved = false;
let lastTap = 0;
let kind = "mouse";

document.addEventListener("pointerdown", (event) => {
  const box = boxOf(event.target);
  if (!box || event.button > 0) return;
  if (held !== box) fingers.clear();
  if (fingers.size === 0) {
    hasMoved = false;
    began = [event.clientX, event.clientY];
  } else {
    hasMoved = true;
  }
  held = box;
  kind = event.pointerType;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});

document.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const now = [event.clientX, event.clientY];
  if (Math.hypot(now[0] - began[0], now[1] - began[1]) > STILL) hasMoved = true;
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const distance = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
    // First the zoom: a picture that is not zoomed cannot be moved.
    const middle = [(before[0] + other[0]) / 2, (before[1] + other[1]) / 2];
    zoomTo(held, (viewOf(held).scale * distance(now)) / distance(before), middle);
    move(held, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  } else if (isZoomed(held)) {
    move(held, now[0] - before[0], now[1] - before[1]);
  }
  fingers.set(event.pointerId, now);
});

for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, (event) => fingers.delete(event.pointerId));
}

// The browser would scroll or zoom the page.
for (const name of ["touchstart", "touchmove"]) {
  document.addEventListener(name, (event) => {
    const box = boxOf(event.target);
    const isOurs = box && (event.touches.length > 1 || (name === "touchmove" && isZoomed(box)));
    if (isOurs && event.cancelable) event.preventDefault();
  }, { passive: false });
}

document.addEventListener("click", (event) => {
  const box = boxOf(event.target);
  if (!box) return;
  const point = [event.clientX, event.clientY];
  // A key that presses the button has no place.
  if (event.detail === 0) return toggle(box);
  if (hasMoved) return;
  if (kind === "touch") {
    const isSecond = event.timeStamp - lastTap < TAPS_WITHIN_MS;
    lastTap = isSecond ? 0 : event.timeStamp;
    if (isSecond) toggle(box, point);
  } else if (event.detail === 1) toggle(box, point);
});

// --- Keys: z, + and -; of a zoomed picture arrows move it, and Escape shows all of it.

function boxOfKeys() {
  const dialog = document.querySelector("dialog[open]");
  if (dialog) return dialog.querySelector("[data-zoom]");
  const reel = document.querySelector(".reel");
  return reel?.children[Math.round(reel.scrollLeft / reel.clientWidth)]?.querySelector("[data-zoom]");
}

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea, video")) return;
  const box = boxOfKeys();
  if (!box) return;
  const { scale } = viewOf(box);
  const arrow = ARROWS[event.key];
  if (event.key === "z") toggle(box);
  else if (event.key === "+" || event.key === "=") zoomTo(box, scale * 1.5);
  else if (scale === 1) return;
  else if (event.key === "-") zoomTo(box, scale / 1.5);
  else if (event.key === "Escape") reset(box);
  else if (arrow) move(box, arrow[0] * box.clientWidth * 0.15, arrow[1] * box.clientHeight * 0.15);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

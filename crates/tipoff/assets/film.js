// Videos that a browser does not play as they are: the server makes one that does, and says how far it is.
// Where it cannot, the page says why and offers the file.

import { text } from "./texts.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const begun = new WeakSet();

function say(video, words, offersFile = false) {
  const line = video.closest("figure")?.querySelector(".film");
  if (!line || (line.textContent === words && !offersFile)) return;
  line.replaceChildren(words);
  if (offersFile) {
    const link = document.createElement("a");
    link.href = line.dataset.file;
    link.textContent = text("script-download", { name: line.dataset.name });
    line.append(" ", link);
  }
}

/// Asks until the video is there, and then shows it.
async function convert(video) {
  if (begun.has(video)) return;
  begun.add(video);
  video.removeAttribute("src");
  const address = video.dataset.rendition;
  say(video, text("script-converting"));
  while (video.isConnected) {
    // Nobody looks: the server gives up by itself.
    if (document.hidden) {
      await pause(1000);
      continue;
    }
    let answer;
    try {
      answer = await fetch(address, { headers: { range: "bytes=0-0" }, cache: "no-store" });
    } catch {
      await pause(3000);
      continue;
    }
    if (answer.status === 206) {
      video.addEventListener("error", () => say(video, text("script-not-played"), true));
      video.src = address;
      say(video, "");
      return;
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.status === 202) {
      const far = told.percent == null ? "" : ` ${told.percent} %`;
      say(video, text("script-converting") + far);
    } else if (answer.status !== 503) {
      say(video, told.detail ?? text("script-not-converted"), true);
      return;
    }
    await pause(1000);
  }
}

const inView = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    inView.unobserve(entry.target);
    convert(entry.target);
  }
});

function watch(video, index) {
  const lacksPictures = () => video.readyState >= 1 && video.videoWidth === 0;
  const fallBack = () => (video.error || lacksPictures()) && convert(video);
  if (!video.hasAttribute("src")) {
    // The first at once, the others when somebody turns to them.
    if (index === 0) convert(video);
    else inView.observe(video);
    video.addEventListener("play", () => convert(video));
  } else {
    // H.265 in an MP4: some browsers play it, some only its sound.
    video.addEventListener("error", fallBack);
    video.addEventListener("loadedmetadata", fallBack);
    fallBack();
  }
}

const known = new WeakSet();
function look() {
  document.querySelectorAll("video[data-rendition]").forEach((video, index) => {
    if (known.has(video)) return;
    known.add(video);
    watch(video, index);
  });
}

look();
new MutationObserver(look).observe(document.body, { childList: true, subtree: true });

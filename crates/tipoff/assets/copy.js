// Buttons that copy a value.

import { text } from "./texts.js";

// Browsers have a clipboard for pages only with TLS or on the machine itself; elsewhere they copy what is selected. Whether
// it was copied.
async function copied(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = words;
    field.readOnly = true;
    field.className = "copied";
    const before = document.activeElement;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    before?.focus();
    return done;
  }
}

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  copy.textContent = await copied(copy.dataset.copy) ? copy.dataset.done : text("script-copy-yourself");
});

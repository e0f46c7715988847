// Back leads to the place in a list from which an incident was opened. Browsers do not keep these pages, so the list is
// loaded again up to that place.

const PAGES_MAX = 40;

// Remembers the place of an item. What was opened may be missing from the list by then: its neighbours are remembered, too.
export function rememberPlace(item) {
  const near = [item, item.nextElementSibling, item.previousElementSibling];
  history.replaceState({ ...history.state, place: near.filter((it) => it?.id).map((it) => it.id) }, "");
}

// Shows the remembered place. `more` loads the next part of the list, and returns whether there was one.
export async function restorePlace(more) {
  const ids = history.state?.place;
  if (!ids) return;
  history.replaceState({ ...history.state, place: undefined }, "");
  const item = () => ids.map((id) => document.getElementById(id)).find((it) => it);
  for (let page = 0; page < PAGES_MAX && !item() && await more(); page++);
  item()?.scrollIntoView({ block: "center" });
  item()?.querySelector("a")?.focus({ preventScroll: true });
}

// The texts that scripts write, in the reader's language. The page has them in its head; their keys begin with "script-".

const all = JSON.parse(document.querySelector("meta[name=texts]")?.content || "{}");

// The text of a key. A value fills in the place that has its name.
export function text(key, values = {}) {
  const whole = all[key] ?? key;
  return whole.replace(/\{\$(\w+)\}/g, (place, name) => values[name] ?? place);
}

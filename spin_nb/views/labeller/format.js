// Labels and outcomes in a few words, whatever the task.

export const RESULT = { skip: "skipped", unsure: "unsure", none: "none of these", flag: "flagged", keep: "kept" };
const MAX_CHARACTERS = 60;

export function labelWords(value, spec = {}) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return brief(value);
  if (typeof value === "number") return [value, spec.unit].filter(Boolean).join(" ") || "0";
  if (Array.isArray(value)) return listWords(value);
  const points = Object.values(value);
  if (points.length && points.every(isPoint)) return `${points.filter(Boolean).length} of ${points.length} points`;
  return brief(JSON.stringify(value));
}

function isPoint(place) {
  return place === null || (Array.isArray(place) && place.length === 2);
}

function listWords(list) {
  if (!list.length) return "none";
  const names = list.map((one) => (typeof one === "string" ? one : one?.label));
  if (!names.every((name) => typeof name === "string")) return brief(JSON.stringify(list));
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return brief(Array.from(counts, ([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(", "));
}

/** Cut between characters, not within one. */
function brief(text) {
  const characters = Array.from(text.slice(0, 4 * MAX_CHARACTERS));
  return characters.length > MAX_CHARACTERS ? `${characters.slice(0, MAX_CHARACTERS - 1).join("")}…` : characters.join("");
}

/** A decision in words. */
export function inWords({ kind, value, n = 1 }, spec) {
  const words = kind === "label" || kind === "imported" ? labelWords(value, spec) : (RESULT[kind] ?? kind);
  return n > 1 ? `${words}, ${n.toLocaleString("en")} items at once` : words;
}

// Labels and outcomes in a few words, whatever the task.

const RESULT = { skip: "skipped", unsure: "unsure", flag: "flagged" };
const LONGEST = 60;

function labelWords(value, spec = {}) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return brief(value);
  if (typeof value === "number") return [value, spec.unit].filter(Boolean).join(" ") || "0";
  if (Array.isArray(value)) return listWords(value);
  const points = Object.values(value);
  return `${points.filter(Boolean).length} of ${points.length} points`;
}

function listWords(list) {
  if (!list.length) return "none";
  const names = list.map((one) => (typeof one === "string" ? one : one.label));
  const said = names.join(", ");
  return brief(typeof list[0] === "string" || list.length === 1 ? said : `${list.length}: ${said}`);
}

/** Cut between characters, not within one. */
function brief(text) {
  const characters = Array.from(text.slice(0, 4 * LONGEST));
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : characters.join("");
}

/** A decision in words. */
function inWords({ kind, value }, spec) {
  return kind === "label" || kind === "gold" ? labelWords(value, spec) : (RESULT[kind] ?? kind);
}

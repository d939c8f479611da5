// Which key does what. Classes: 1-9, 0 for the tenth, then letters; commands never share a key with a class. What a
// person has bound goes first: {"class:crack": "c", "skip": "s"}.

import { briefly } from "./dom.js";
import { bracket, character, composes, DIGITS, KEY_NAMES, LETTERS } from "./key_events.js";

const COMMANDS = {
  accept: ["Enter"],
  skip: [" ", "0"],
  unsure: [";"],
  flag: ["f"],
  undo: ["u", "Backspace"],
  redo: ["y"],
  delete: ["Delete"],
  absent: ["x"],
  next: ["]"],
  previous: ["["],
  new: ["n", "."], // a letter while no class needs it
  duplicate: ["d"],
  point: ["p", ","],
  add_class: ["F2"],
  no_class: ["F4"],
  help: ["?", "F1"], // the second where somebody has bound "?" to something else
  full: ["F9"],
};
const NAMED_KEYS = [..."Enter Backspace Delete Insert Home End".split(" "), ...Array.from({ length: 12 }, (_, i) => `F${i + 1}`)];

/** Key of each class, null past the last letter: those are clicked. Classes that are digits are their own keys. */
function classKeys(names) {
  if (names.length && names.every((name) => DIGITS.includes(name))) return names;
  const all = [...DIGITS, ...LETTERS];
  return names.map((_, i) => all[i] ?? null);
}

const NO_NAMES = [];
let lastTable = {}; // the table made last: every button asks for it

/**
 * Key -> action, under a person's bindings: a key they took for one thing no longer does another. `likeliest`: the
 * classes of one card, [[name, p], ...], that have the first digits while it is shown.
 */
export function keyTable(names = NO_NAMES, bindings = {}, likeliest = NO_NAMES) {
  const isSame = lastTable.names === names && lastTable.bindings === bindings && lastTable.likeliest === likeliest;
  if (!isSame) lastTable = { names, bindings, likeliest, table: newKeyTable(names, bindings, likeliest) };
  return lastTable.table;
}

function newKeyTable(names, bindings, likeliest) {
  const table = new Map();
  const boundKeys = new Map(Object.entries(bindings));
  const put = (action, name, keys) => {
    const boundKey = boundKeys.get(name);
    for (const key of boundKey ? [boundKey] : keys) if (key && !table.has(key)) table.set(key, action);
  };
  for (const [name, key] of boundKeys) {
    const index = name.startsWith("class:") ? names.indexOf(name.slice(6)) : -1;
    if (index >= 0) table.set(key, `class:${index}`);
    else if (Object.hasOwn(COMMANDS, name)) table.set(key, name);
  }
  likeliest.forEach(([name], rank) => table.has(DIGITS[rank]) || table.set(DIGITS[rank], `class:${names.indexOf(name)}`));
  classKeys(names).forEach((key, i) => put(`class:${i}`, `class:${names[i]}`, [key]));
  for (const [action, keys] of Object.entries(COMMANDS)) put(action, action, keys);
  return table;
}

/** Why a key cannot be given to an action, or ""; the same rule as in session/labeller/key_bindings.py. */
export function keyProblem(key) {
  const one = /^[^\p{C}\p{Z}]$|^ $/u.test(key);
  if (one || NAMED_KEYS.includes(key)) return "";
  return `${briefly(key, 40)} cannot be chosen: press a key that types one character, or ${NAMED_KEYS.slice(0, 6).join(", ")}, F1 to F12.`;
}

/** The key of an action as it is written on a button; "" where it has none. */
export function keyOf(table, action) {
  for (const [key, other] of table) if (other === action) return KEY_NAMES[key] ?? key.toUpperCase();
  return "";
}

/** The action a key event with Ctrl or Command means. */
function shortcut(event, key) {
  if (key === "Enter" && !event.altKey) return "accept";
  if (event.altKey) return null;
  if (key === "d") return event.shiftKey ? null : "duplicate";
  if (key !== "z" && key !== "y") return null;
  return key === "y" || event.shiftKey ? "redo" : "undo";
}

/** The action a key event means, or null when it is none of ours. */
export function actionOf(event, table) {
  if (event.isComposing) return null;
  const key = character(event);
  if (!composes(event)) {
    if (event.ctrlKey || event.metaKey) return shortcut(event, key);
    if (event.altKey) return null;
  }
  if (event.shiftKey && (/^[a-z]$/.test(key) || key === "Enter")) return null; // Shift+Enter is a hand that runs cells
  return key === "Escape" ? "release" : (table.get(key) ?? table.get(bracket(event, key)) ?? null);
}

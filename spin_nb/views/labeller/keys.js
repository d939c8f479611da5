// Which key does what. Classes: 1-9, 0 for the tenth, then letters; commands never share a key with a class. What a
// person has bound goes first: {"class:crack": "c", "skip": "s"}.

const DIGITS = [..."1234567890"];
const LETTERS = [..."abcdeghijklmnopqrstvwzx"]; // without f (flag), u (undo), y (redo); x (not visible) comes last

const COMMANDS = {
  accept: ["Enter"],
  skip: [" ", "0"],
  unsure: ["?", "/"],
  flag: ["f"],
  undo: ["u", "Backspace"],
  redo: ["y"],
  delete: ["Delete"],
  absent: ["x"],
  next: ["]"],
  previous: ["["],
};
const KEY_NAMES = { " ": "Space", Enter: "⏎", Backspace: "⌫", Delete: "Del", ArrowLeft: "←", ArrowRight: "→" };

/** Key of each class, null past the last letter: those are clicked. Classes that are digits are their own keys. */
function classKeys(names) {
  if (names.length && names.every((name) => DIGITS.includes(name))) return names;
  const all = [...DIGITS, ...LETTERS];
  return names.map((_, i) => all[i] ?? null);
}

/** Key -> action, under a person's bindings: a key they took for one thing no longer does another. */
function keyTable(names, bindings = {}) {
  const table = new Map();
  const wanted = new Map(Object.entries(bindings));
  const put = (action, name, keys) => {
    const own = wanted.get(name);
    for (const key of own ? [own] : keys) if (key && !table.has(key)) table.set(key, action);
  };
  for (const [name, key] of wanted) {
    const index = name.startsWith("class:") ? names.indexOf(name.slice(6)) : -1;
    if (index >= 0) table.set(key, `class:${index}`);
    else if (Object.hasOwn(COMMANDS, name)) table.set(key, name);
  }
  classKeys(names).forEach((key, i) => put(`class:${i}`, `class:${names[i]}`, [key]));
  for (const [action, keys] of Object.entries(COMMANDS)) put(action, action, keys);
  return table;
}

/** The key of an action as it is written on a button; "" where it has none. */
function keyOf(table, action) {
  for (const [key, does] of table) if (does === action) return KEY_NAMES[key] ?? key.toUpperCase();
  return "";
}

/** The character a key event stands for: what it types, else (other layouts) what is printed on a US keyboard. */
function character(event) {
  const typed = event.key?.length === 1 ? event.key.toLowerCase() : (event.key ?? "");
  if (/^[a-z0-9 ?/[\]]$/.test(typed) || event.shiftKey) return typed;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code ?? "");
  if (digit) return digit[1];
  const letter = /^Key([A-Z])$/.exec(event.code ?? "");
  // A Latin letter with an accent is that person's own letter; only other scripts fall back on the position.
  return letter && !/^\p{Script=Latin}$/u.test(typed) ? letter[1].toLowerCase() : typed;
}

/** The action a key event means, or null when it is none of ours. */
function actionOf(event, table) {
  if (event.isComposing) return null;
  const key = character(event);
  if (event.ctrlKey || event.metaKey) {
    if (key === "Enter" && !event.altKey) return "accept";
    if (event.altKey || (key !== "z" && key !== "y")) return null;
    return key === "y" || event.shiftKey ? "redo" : "undo";
  }
  if (event.altKey) return null;
  if (event.shiftKey && /^[a-z]$/.test(key)) return null;
  return key === "Escape" ? "release" : (table.get(key) ?? null);
}

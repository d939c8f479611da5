// Which key does what. Classes: 1-9, 0 for the tenth, then letters; commands never share a key with a class.

const DIGITS = [..."1234567890"];
const LETTERS = [..."abcdeghijklmnopqrstvwxz"]; // without f (flag), u (undo), y (redo)

/** Key of each class, null past the last letter: those are clicked. Classes that are digits are their own keys. */
function classKeys(names) {
  if (names.every((name) => DIGITS.includes(name))) return names;
  const all = [...DIGITS, ...LETTERS];
  return names.map((_, i) => all[i] ?? null);
}

/** The character a key event stands for: what it types, else (other layouts) what is printed on a US keyboard. */
function character(event) {
  const typed = event.key?.length === 1 ? event.key.toLowerCase() : (event.key ?? "");
  if (/^[a-z0-9 ?/]$/.test(typed) || event.shiftKey) return typed;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code ?? "");
  if (digit) return digit[1];
  const letter = /^Key([A-Z])$/.exec(event.code ?? "");
  // A Latin letter with an accent is that person's own letter; only other scripts fall back on the position.
  return letter && !/^\p{Script=Latin}$/u.test(typed) ? letter[1].toLowerCase() : typed;
}

const COMMANDS = { " ": "skip", "?": "unsure", "/": "unsure", f: "flag", u: "undo", Backspace: "undo", y: "redo", Enter: "accept", Escape: "release" };

/** What a key event means: {does, index?}, or null when it is none of ours. */
function meaning(event, keys) {
  if (event.isComposing) return null;
  const key = character(event);
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey || (key !== "z" && key !== "y")) return null;
    return { does: key === "y" || event.shiftKey ? "redo" : "undo" };
  }
  if (event.altKey) return null;
  if (event.shiftKey && /^[a-z]$/.test(key)) return null;
  const index = keys.indexOf(key);
  if (index >= 0) return { does: "label", index };
  if (key === "0") return { does: "skip" };
  return Object.hasOwn(COMMANDS, key) ? { does: COMMANDS[key] } : null;
}

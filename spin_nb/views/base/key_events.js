// What a key event means, before any table of keys.

export const DIGITS = [..."1234567890"];
export const LETTERS = [..."abcdeghijklmnopqrstvwzx"]; // without f (flag), u (undo), y (redo); x (not visible) comes last
const BRACKETS = { BracketLeft: "[", BracketRight: "]" };
export const KEY_NAMES = { " ": "Space", Enter: "⏎", Backspace: "⌫", Delete: "Del", ArrowLeft: "←", ArrowRight: "→" };

/** Keys as they are written on a button, in the words of aria-keyshortcuts; the attribute goes where there is none. */
export function nameShortcuts(element, label, ...more) {
  const names = Object.fromEntries(Object.entries(KEY_NAMES).map(([name, sign]) => [sign, name === " " ? "Space" : name]));
  const keys = [...(label ?? "").split(" ").filter(Boolean).map((sign) => names[sign] ?? (sign === "+" ? "Plus" : sign)), ...more];
  if (keys.length) element.setAttribute("aria-keyshortcuts", keys.join(" "));
  else element.removeAttribute("aria-keyshortcuts");
}

/** AltGr, or Option on a Mac, makes another character of a key: what it types is meant, and no shortcut. */
export function composes(event) {
  if ([...(event.key ?? "")].length !== 1) return false;
  const option = event.altKey && !event.ctrlKey && !event.metaKey && /^(Mac|iP)/.test(navigator.platform);
  return option || event.getModifierState("AltGraph");
}

/** The character a key event stands for: what it types, else (other layouts) what is printed on a US keyboard. */
export function character(event) {
  const { key = "", code = "" } = event;
  if (/^[A-Z]\w+$/.test(key)) return key; // a key with a name: 4 on the number pad may be an arrow
  const typed = key.toLowerCase();
  if (/^[a-z0-9 ?/[\]]$/.test(typed) || composes(event)) return typed;
  const digit = event.shiftKey ? null : /^(?:Digit|Numpad)(\d)$/.exec(code);
  if (digit) return digit[1];
  const letter = /^Key([A-Z])$/.exec(code);
  // A Latin letter with an accent is that person's own letter; only other scripts fall back on the position.
  return letter && !/^[ -~]$|^\p{Script=Latin}$/u.test(typed) ? letter[1].toLowerCase() : typed;
}

/** The bracket printed on a US keyboard where this one has neither a letter a-z nor a sign that zooms. */
export function bracket(event, typed) {
  return /^[a-z0-9+=-]$|../.test(typed) || event.shiftKey || composes(event) ? undefined : BRACKETS[event.code];
}

/** The second half of a double click falls on the next item, which nobody has seen yet. */
export function doubled(event, card) {
  // When the hand pressed, not when a slow page came round to it.
  return event.detail > 1 && event.timeStamp - (card?.since ?? -Infinity) < 400;
}

/** Backspace undoes; where something is chosen it deletes: on a Mac it is the key that is called so. */
export function deletes(event, meaning) {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  return meaning === "delete" || (event.key === "Backspace" && plain && (meaning ?? "undo") === "undo");
}

// Which key does what.

import assert from "node:assert/strict";
import { test } from "node:test";

import { character, deletes, doubled } from "../../../spin_nb/views/base/key_events.js";
import { actionOf, keyOf, keyProblem, keyTable } from "../../../spin_nb/views/base/keys.js";

/** A key event as a browser gives it. */
function press(key, { code = "", altGraph = false, ...more } = {}) {
  return { key, code, getModifierState: (name) => name === "AltGraph" && altGraph, ...more };
}

const classes = (n) => Array.from({ length: n }, (_, i) => `c${i}`);

test("classes have digits, 0 the tenth, then letters; past the last letter they are clicked", () => {
  const table = keyTable(classes(40));
  assert.deepEqual(["1", "9", "0", "a", "x"].map((key) => table.get(key)), ["class:0", "class:8", "class:9", "class:10", "class:32"]);
  assert.equal(keyOf(table, "class:33"), "");
});

test("classes that are digits are their own keys", () => {
  assert.equal(keyTable(["0", "7", "1"]).get("7"), "class:1");
});

test("a command keeps its key where no class needs it, and gives way where one does", () => {
  assert.equal(keyTable(classes(3)).get("n"), "new");
  const full = keyTable(classes(30));
  assert.notEqual(full.get("n"), "new");
  assert.equal(full.get("."), "new");
});

test("what a person has bound goes first, and that key does nothing else", () => {
  const table = keyTable(["ok", "dent"], { "class:dent": "k", skip: "1" });
  assert.equal(table.get("k"), "class:1");
  assert.equal(table.get("1"), "skip");
  assert.equal(keyOf(table, "class:0"), "");
});

test("the likeliest classes of a card have the first digits", () => {
  const table = keyTable(classes(5), {}, [["c4", 0.9], ["c2", 0.1]]);
  assert.deepEqual(["1", "2"].map((key) => table.get(key)), ["class:4", "class:2"]);
});

test("a table asked for again is the same one", () => {
  const [names, bindings, likeliest] = [["ok"], {}, []];
  assert.equal(keyTable(names, bindings, likeliest), keyTable(names, bindings, likeliest));
});

test("keys are written as they are printed on a keyboard", () => {
  const table = keyTable(["ok"]);
  assert.deepEqual(["accept", "undo", "flag", "class:0", "nothing"].map((action) => keyOf(table, action)), ["⏎", "U", "F", "1", ""]);
});

test("Ctrl+Enter submits, Ctrl+Z undoes, Ctrl+Shift+Z and Ctrl+Y redo, whatever is bound", () => {
  const table = keyTable(["ok"], { undo: "z" });
  const control = { ctrlKey: true };
  assert.equal(actionOf(press("Enter", control), table), "accept");
  assert.equal(actionOf(press("z", control), table), "undo");
  assert.equal(actionOf(press("Z", { ...control, shiftKey: true }), table), "redo");
  assert.equal(actionOf(press("y", control), table), "redo");
  assert.equal(actionOf(press("s", control), table), null);
});

test("a hand that types with an input method, or runs a cell, means nothing here", () => {
  const table = keyTable(["ok"]);
  assert.equal(actionOf(press("1", { isComposing: true }), table), null);
  assert.equal(actionOf(press("Enter", { shiftKey: true }), table), null);
  assert.equal(actionOf(press("Escape"), table), "release");
});

test("letters of another script count by their place; a Latin letter with an accent is its own", () => {
  assert.equal(character(press("й", { code: "KeyQ" })), "q");
  assert.equal(character(press("é", { code: "Digit2" })), "2");
  assert.equal(character(press("ö", { code: "Semicolon" })), "ö");
  assert.equal(character(press("ArrowLeft", { code: "Numpad4" })), "ArrowLeft");
});

test("AltGr makes the character that is meant", () => {
  const table = keyTable(["ok"], { skip: "€" });
  assert.equal(actionOf(press("€", { code: "KeyE", altGraph: true, ctrlKey: true, altKey: true }), table), "skip");
});

test("a key that can be chosen types one character or has a name that is known", () => {
  for (const key of ["a", " ", "ß", "F5", "Home"]) assert.equal(keyProblem(key), "");
  for (const key of ["Tab", "ab", "\u0007", ""]) assert.match(keyProblem(key), /cannot be chosen/);
});

test("Backspace deletes where something is chosen, unless it is bound to something else", () => {
  assert.ok(deletes(press("Backspace"), "undo"));
  assert.ok(deletes(press("Backspace"), null));
  assert.ok(!deletes(press("Backspace"), "skip"));
  assert.ok(!deletes(press("Backspace", { ctrlKey: true }), null));
});

test("the second half of a double click on an item that has just come is none", () => {
  const card = { since: 1000 };
  assert.ok(doubled({ detail: 2, timeStamp: 1200 }, card));
  assert.ok(!doubled({ detail: 2, timeStamp: 1500 }, card));
  assert.ok(!doubled({ detail: 1, timeStamp: 1200 }, card));
});

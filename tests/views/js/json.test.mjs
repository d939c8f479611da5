// Labels written as JSON, and any label in a few words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readJson } from "../../../spin_nb/views/editors/json.js";
import { EDITORS, editorOf } from "../../../spin_nb/views/editors/registry.js";
import { inWords, labelWords } from "../../../spin_nb/views/labeller/format.js";

test("a JSON text is its value, false and zero too", () => {
  for (const text of ['"crack"', "3.5", "0", "false", "[]", "{}", ' {"a": [1, {"b": null}]}\n']) {
    assert.deepEqual(readJson(text), { value: JSON.parse(text) });
  }
});

test("what is no value says so in words", () => {
  assert.match(readJson(" ").problem, /No value yet/);
  assert.match(readJson("null").problem, /null stands for no label/);
  assert.match(readJson("crack").problem, /This is no JSON: .*double quotes/);
  assert.equal(readJson('{"a": ').hint, "No JSON yet.");
  assert.ok(readJson(`{"a": ${"x".repeat(1e5)}`).problem.length < 300);
});

test("a number that the page would change is refused", () => {
  for (const text of ["12345678901234567890", "[1e999]", '{"a": {"b": -9007199254740993}}']) assert.match(readJson(text).problem, /too large/);
  for (const text of ["9007199254740991", "1e-300", "0.1"]) assert.equal(readJson(text).problem, undefined);
});

test("a nest without end is refused, not thrown", () => {
  assert.ok(readJson("[".repeat(1e5) + "]".repeat(1e5)).problem);
});

test("a word that no editor has entered is written as JSON, also one that every object has", () => {
  EDITORS.registered = () => "its own";
  assert.equal(editorOf("registered")(), "its own");
  delete EDITORS.registered;
  for (const word of ["stars", "constructor", "__proto__", "toString", ""]) assert.equal(editorOf(word).name, "jsonEditor");
});

test("labels of any shape have a few words", () => {
  const labels = [["a", "b", "a"], [], [{ label: "car" }, { label: "car" }], { nose: [1, 2], tail: null }, 0, "ok", null];
  assert.deepEqual(labels.map((value) => labelWords(value)), ["2 × a, b", "none", "2 × car", "1 of 2 points", "0", "ok", ""]);
  const others = [true, [1, 2], [null], { a: 3 }, {}, [{ x: 1 }]];
  assert.deepEqual(others.map((value) => labelWords(value)), ["true", "[1,2]", "[null]", '{"a":3}', "{}", '[{"x":1}]']);
  assert.equal(labelWords(3, { unit: "mm" }), "3 mm");
  assert.equal(inWords({ kind: "label", value: { a: 3 }, n: 2 }), '{"a":3}, 2 items at once');
});

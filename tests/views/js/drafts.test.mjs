// What is drawn or typed and not submitted.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Draft } from "../../../spin_nb/views/labeller/draft.js";
import { Drafts } from "../../../spin_nb/views/labeller/drafts.js";
import { storageOf } from "../../../spin_nb/views/labeller/outbox.js";
import { Storage } from "./page.mjs";

const steps = (...befores) => befores.map((before) => ({ before, words: "" }));
const work = (value, ...befores) => ({ value, steps: steps(...befores), undone: [], unsaved: null });
const over = (storage) => new Drafts("parts", storageOf(() => storage));

test("a draft begins with the label, else the suggestion, else what an empty label is", () => {
  const draft = new Draft();
  const initialValue = (card, spec) => (draft.begin(card, spec), draft.value);
  assert.equal(initialValue({ state: { kind: "label", value: "ok" }, suggestion: { value: "dent" } }, {}), "ok");
  assert.equal(initialValue({ state: { kind: "skip", value: null }, suggestion: { value: "dent" } }, {}), "dent");
  assert.deepEqual(initialValue({}, { empty: [] }), []);
  assert.equal(initialValue({}, {}), null);
  assert.ok(draft.untouched);
});

test("every step can be taken back and done again, until another is made", () => {
  const draft = new Draft();
  draft.begin({}, { empty: 0 });
  draft.edit(1, "one");
  draft.edit(2, "two");
  assert.equal(draft.back(), "two");
  assert.equal(draft.back(), "one");
  assert.equal(draft.back(), null);
  assert.equal(draft.value, 0);
  assert.equal(draft.again(), "one");
  draft.edit(5);
  assert.equal(draft.again(), null);
  assert.equal(draft.back(), "the last change");
});

test("a draft that was left goes on where it was", () => {
  const draft = new Draft();
  draft.begin({ suggestion: { value: "dent" } }, {}, { ...work("ok", "dent"), unsaved: { text: "x" } });
  assert.equal(draft.value, "ok");
  assert.deepEqual(draft.unsaved, { text: "x" });
  assert.ok(!draft.untouched);
  assert.equal(draft.back(), "the last change");
  assert.equal(draft.value, "dent");
});

test("drafts outlive the page that made them", () => {
  const storage = new Storage();
  over(storage).keep("a", work([1], []));
  const later = over(storage);
  assert.deepEqual(later.of("a").value, [1]);
  assert.ok(later.waits("a"));
  later.drop("a");
  assert.equal(over(storage).of("a"), null);
  assert.equal(Object.keys(storage).length, 0);
});

test("of a long draft the last steps are stored, and none whose value is longer than a megabyte", () => {
  const storage = new Storage();
  const drafts = over(storage);
  drafts.keep("many steps", work("now", ...Array(9).fill("x".repeat(4e5))));
  drafts.keep("one value", work("x".repeat(1.1e6), ""));
  assert.equal(over(storage).of("many steps").steps.length, 2);
  assert.equal(over(storage).of("one value"), null);
  assert.deepEqual(["many steps", "one value"].map((id) => drafts.isUnsafe(id)), [false, true]);
});

test("the last twenty drafts are stored; the others stay on the page", () => {
  const storage = new Storage();
  const drafts = over(storage);
  for (let i = 0; i < 25; i++) drafts.keep(`item ${i}`, work(i, 0));
  assert.equal(Object.keys(storage).length, 20);
  assert.equal(over(storage).of("item 4"), null);
  assert.equal(drafts.of("item 4").value, 4);
  assert.ok(drafts.isUnsafe("item 4") && !drafts.isUnsafe("item 24"));
});

test("where nothing can be stored drafts live on the page", () => {
  const drafts = new Drafts("parts", storageOf(() => { throw new Error("denied"); }));
  drafts.keep("a", work(1, 0));
  assert.equal(drafts.of("a").value, 1);
  assert.ok(drafts.isUnsafe("a"));
});

test("what a stranger has put into the storage is no draft", () => {
  const storage = new Storage();
  for (const [i, text] of ["null", "3", "{}", "not JSON", '{"steps": []}'].entries()) storage.setItem(`spin_nb/draft/parts/${i}`, text);
  const drafts = over(storage);
  for (let i = 0; i < 5; i++) assert.equal(drafts.of(String(i)), null);
});

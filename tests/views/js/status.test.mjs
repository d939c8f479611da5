// How it stands, in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { statusOf, waitingWords } from "../../../spin_nb/views/labeller/status.js";

const outbox = (pending = 0, more = {}) => ({ pending, attempt: 0, problem: null, ...more });
const queueOf = (more = {}) => ({
  readOnly: false, gone: false, outbox: outbox(), refusals: new Map(), notice: null, work: { isUnsubmitted: false }, supply: { isDry: false, isGreeted: true }, ...more,
});
const wordsOf = (more) => statusOf(queueOf(more)).words;

test("all is saved, also while there is work that nobody has submitted", () => {
  assert.deepEqual(statusOf(queueOf()), { tone: "good", words: "All saved" });
  assert.deepEqual(statusOf(queueOf({ work: { isUnsubmitted: true } })), { tone: "good", words: "All saved · not submitted yet" });
});

test("labels on their way are counted, and are paused where the kernel does not answer", () => {
  assert.deepEqual(statusOf(queueOf({ outbox: outbox(3) })), { tone: "busy", words: "Saving 3" });
  const paused = statusOf(queueOf({ outbox: outbox(1, { attempt: 2 }) }));
  assert.deepEqual(paused, { tone: "warn", words: "Saving is paused, the kernel does not answer yet; 1 label kept here" });
  assert.equal(wordsOf({ outbox: outbox(0, { attempt: 2 }) }), "All saved");
});

test("a kernel that is gone says what to do and how many labels wait", () => {
  const counts = [0, 1, 2].map((n) => wordsOf({ gone: true, outbox: outbox(n) }).split("; ")[1]);
  assert.deepEqual(counts, ["nothing is waiting to be saved", "1 label kept here", "2 labels kept here"]);
  assert.equal(statusOf(queueOf({ gone: true })).tone, "bad");
});

test("what the store says of itself stands alone where nothing waits", () => {
  assert.equal(wordsOf({ outbox: outbox(0, { problem: "The disk is full." }) }), "The disk is full.");
  assert.equal(wordsOf({ outbox: outbox(2, { problem: "The disk is full." }) }), "The disk is full. 2 labels kept here; trying again");
});

test("the last refusal comes before any notice, a notice before what is on its way", () => {
  const refusals = new Map([["a", "Not stored: first"], ["b", "Not stored: last"]]);
  assert.equal(wordsOf({ refusals, notice: "No answer", outbox: outbox(1) }), "Not stored: last");
  assert.deepEqual(statusOf(queueOf({ notice: "No answer", outbox: outbox(1) })), { tone: "warn", words: "No answer" });
});

test("what stands highest is said first: read-only, gone, the store, refusals", () => {
  const all = { readOnly: true, gone: true, outbox: outbox(1, { problem: "full", attempt: 1 }), refusals: new Map([["a", "refused"]]), notice: "notice" };
  assert.match(wordsOf(all), /^Read-only/);
  assert.match(wordsOf({ ...all, readOnly: false }), /^Kernel restarted/);
  assert.match(wordsOf({ ...all, readOnly: false, gone: false }), /^full/);
  assert.equal(wordsOf({ ...all, readOnly: false, gone: false, outbox: outbox(1) }), "refused");
});

test("where there is no item the page says why", () => {
  const states = [
    [{ readOnly: true, supply: { isDry: true } }, /read-only/],
    [{ supply: { isDry: true }, gone: true }, /every item has been decided/],
    [{ gone: true }, /Run this cell again/],
    [{ outbox: outbox(1, { attempt: 1 }) }, /paused/],
    [{}, /Choosing/],
    [{ supply: { isDry: false, isGreeted: false } }, /Waiting for the kernel/],
  ];
  for (const [more, words] of states) assert.match(waitingWords(queueOf(more)), words);
});

// Decisions on their way to disk: none lost, none twice, all in order.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Outbox } from "../../../spin_nb/views/labeller/outbox.js";
import { openPage } from "./page.mjs";

let messages;
let isGone;
let opened;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  [messages, isGone, opened] = [[], false, []];
  openPage();
});

afterEach(() => {
  for (const outbox of opened) outbox.close();
  mock.timers.reset();
});

function open(name = "parts") {
  const post = (message) => {
    if (isGone) throw new Error("Cannot send");
    messages.push(message);
  };
  const outbox = new Outbox({ name, post, changed: () => {} });
  opened.push(outbox);
  return outbox;
}

const label = (id) => ({ kind: "label", id, value: "ok", delta: 1 });
const seqs = (message) => message.entries.map((entry) => entry.seq);
const turn = () => new Promise((resolve) => queueMicrotask(resolve));

test("what is put in one turn leaves in one message, numbered, without what only the page counts with", async () => {
  const outbox = open();
  outbox.put(label("a"));
  outbox.put({ kind: "shown", id: "b" });
  await turn();
  assert.deepEqual(messages.map(seqs), [[1, 2]]);
  assert.ok(!("delta" in messages[0].entries[0]));
  assert.equal(outbox.pending, 1);
});

test("what is acknowledged goes, what came since is sent next", async () => {
  const outbox = open();
  outbox.put(label("a"));
  await turn();
  outbox.put(label("b"));
  await turn();
  assert.equal(messages.length, 1, "one message at a time");
  outbox.answered({ client: messages[0].client, ack: 1, gap: null, error: null });
  assert.deepEqual(messages.map(seqs), [[1], [2]]);
  outbox.answered({ client: messages[0].client, ack: 2, gap: null, error: null });
  assert.equal(outbox.pending, 0);
});

test("what nobody answers is sent again, later each time", async () => {
  const outbox = open();
  outbox.put(label("a"));
  await turn();
  for (const [milliseconds, times] of [[1999, 1], [1, 2], [3999, 2], [1, 3], [8000, 4], [15000, 5], [15000, 6]]) {
    mock.timers.tick(milliseconds);
    assert.equal(messages.length, times);
  }
  assert.equal(outbox.attempt, 5);
  assert.deepEqual(new Set(messages.map((message) => seqs(message).join())), new Set(["1"]));
});

test("where the store refuses, everything stays and the reason is there", async () => {
  const outbox = open();
  outbox.put(label("a"));
  await turn();
  outbox.answered({ client: messages[0].client, ack: 0, gap: null, error: "the disk is full." });
  assert.deepEqual([outbox.problem, outbox.pending], ["the disk is full.", 1]);
  mock.timers.tick(2000);
  outbox.answered({ client: messages[0].client, ack: 1, gap: null, error: null });
  assert.deepEqual([outbox.problem, outbox.pending], [null, 0]);
});

test("a page that is loaded again sends what the one before has left first, under its name", async () => {
  isGone = true;
  const first = open();
  first.put(label("a"));
  await turn();
  assert.ok(first.gone);
  first.close();
  isGone = false;
  const second = open();
  second.put(label("b"));
  await turn();
  assert.deepEqual([messages[0].client, seqs(messages[0])], [first.pageLog.client, [1]]);
  assert.equal(second.ahead(), null, "nothing travels ahead of them");
  second.answered({ client: first.pageLog.client, ack: 1, gap: null, error: null });
  assert.deepEqual([messages[1].client, messages[1].entries[0].id], [second.pageLog.client, "b"]);
  assert.equal(second.ahead().client, second.pageLog.client);
});

test("a store that has forgotten numbers gets what is left as new", async () => {
  const outbox = open();
  for (const id of ["a", "b", "c"]) outbox.put(label(id));
  await turn();
  const { client } = messages[0];
  outbox.answered({ client, ack: 2, gap: null, error: null });
  outbox.answered({ client, ack: 0, gap: 1, error: null });
  const last = messages.at(-1);
  assert.notEqual(last.client, client);
  assert.deepEqual([seqs(last), last.entries[0].id], [[1], "c"]);
});

test("a hundred entries travel at once", async () => {
  const outbox = open();
  for (let i = 0; i < 250; i++) outbox.put(label(String(i)));
  await turn();
  assert.equal(messages[0].entries.length, 100);
  outbox.answered({ client: messages[0].client, ack: 100, gap: null, error: null });
  assert.equal(seqs(messages[1])[0], 101);
});

test("two labellers of one page do not take each other's entries", async () => {
  const [one, other] = [open(), open("others")];
  one.put(label("a"));
  await turn();
  assert.equal(other.pending, 0);
  assert.deepEqual(messages.map((message) => message.client), [one.pageLog.client]);
});

// The cards of a page: greeted, asked for ahead of the person, kept while they are looked at; a kernel that is slow or gone.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { LabelQueue } from "../../../spin_nb/views/labeller/queue.js";
import { openPage } from "./page.mjs";

const TRAITS = { project: "parts", spec: { names: ["ok", "dent"], empty: null }, bindings: {}, read_only: false };
const COUNTS = { n_labels: 3, per_minute: 0, at: 1 };

let queue;
let storage;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  storage = openPage();
});

afterEach(() => {
  queue.close();
  mock.timers.reset();
});

/** A kernel with items a, b, c, ... that answers soon, but not what is listed as unanswered. */
class Kernel {
  constructor({ n = 30, traits = {} } = {}) {
    this.ids = Array.from({ length: n }, (_, i) => `item ${i}`);
    this.traits = { ...TRAITS, ...traits };
    this.calls = [];
    this.unanswered = new Set();
    this.isGone = false;
    this.listeners = {};
    this.on = (name, listener) => (this.listeners[name] = listener);
    this.off = (name) => delete this.listeners[name];
    this.get = (name) => this.traits[name];
  }

  send(message) {
    if (this.isGone) throw new Error("Cannot send");
    this.calls.push(message);
    if (!this.unanswered.has(message.verb)) queueMicrotask(() => this.answer(message));
  }

  answer(message) {
    this.listeners["msg:custom"]?.({ reply: message.call, ...this[message.verb](message) }, []);
  }

  hello() {
    return { ...COUNTS, recent: [] };
  }

  card({ id }) {
    return { id, mime: "text/plain", data: id };
  }

  cards({ n, have }) {
    const before = have.map((token) => ({ token, "kept": true }));
    const fresh = this.ids.filter((id) => !have.includes(`token of ${id}`)).slice(0, n - have.length);
    return { cards: [...before, ...fresh.map((id) => ({ ...this.card({ id }), token: `token of ${id}`, suggestion: null }))] };
  }

  apply({ client, entries }) {
    return { client, ack: entries.at(-1)?.seq ?? 0, gap: null, error: null, ...COUNTS };
  }

  verbs(word) {
    return this.calls.filter(({ verb }) => verb === word);
  }
}

/** Everything that waits for promises alone is done. */
const settled = async () => {
  for (let i = 0; i < 40; i++) await Promise.resolve();
};

async function open(kernel) {
  queue = new LabelQueue(kernel);
  await settled();
  queue.opened();
  await settled();
}

test("two cards are asked for first, then as many as the page holds", async () => {
  const kernel = new Kernel();
  await open(kernel);
  assert.deepEqual(kernel.verbs("cards").map(({ n }) => n), [2, 16]);
  assert.equal(queue.current.id, "item 0");
  assert.equal(queue.cards.length, 16);
  assert.equal(queue.status.words, "All saved");
});

test("a card is told as shown once, and only where a view is open", async () => {
  const kernel = new Kernel();
  queue = new LabelQueue(kernel);
  await settled();
  assert.equal(queue.outbox.entries.length, 0);
  queue.opened();
  queue.opened();
  await settled();
  assert.deepEqual(kernel.verbs("apply").flatMap(({ entries }) => entries.map(({ kind, id }) => [kind, id])), [["shown", "item 0"]]);
});

test("what a person has seen stays, whatever the kernel keeps; the rest of the queue is its word", async () => {
  const kernel = new Kernel();
  await open(kernel);
  queue.supply.receive([{ token: "token of item 2", "kept": true }, { id: "item 7", mime: "text/plain", token: "anew" }], []);
  assert.deepEqual(queue.cards.map(({ id }) => id), ["item 0", "item 2", "item 7"]);
});

test("a queue that is drawn anew keeps the next few, and once for models that follow one another", async () => {
  const kernel = new Kernel();
  await open(kernel);
  const before = kernel.verbs("cards").length;
  queue.supply.renew();
  queue.supply.renew();
  mock.timers.tick(1000);
  await settled();
  assert.equal(kernel.verbs("cards").length, before + 1);
  assert.equal(kernel.verbs("cards").at(-1).have.length, 8);
  assert.equal(queue.cards.length, 16);
});

test("a kernel without items leaves the queue dry", async () => {
  await open(new Kernel({ n: 0 }));
  assert.equal(queue.current, null);
  assert.ok(queue.supply.isDry);
});

test("a reload begins with the item that was on screen", async () => {
  await open(new Kernel());
  queue.next();
  await settled();
  queue.close();
  openPage(storage);
  await open(new Kernel());
  assert.equal(queue.current.id, "item 1");
});

test("read-only nothing is asked for and nothing told", async () => {
  const kernel = new Kernel({ traits: { read_only: true } });
  await open(kernel);
  assert.deepEqual([kernel.verbs("cards"), kernel.verbs("apply")], [[], []]);
  assert.match(queue.status.words, /^Read-only/);
});

test("an answer is taken however late it comes", async () => {
  const kernel = new Kernel();
  kernel.unanswered = new Set(["hello", "apply"]);
  await open(kernel);
  mock.timers.tick(15000); // the answer is late
  await settled();
  mock.timers.tick(15000); // nothing has come since
  assert.match(queue.status.words, /^No answer from the kernel yet/);
  assert.equal(kernel.verbs("hello").length, 1);
  kernel.unanswered.clear();
  kernel.answer(kernel.verbs("hello")[0]);
  await settled();
  assert.equal(queue.current.id, "item 0");
  assert.equal(queue.status.words, "All saved");
});

test("what is lost is asked for again: a later call was answered", async () => {
  const kernel = new Kernel();
  kernel.unanswered = new Set(["hello"]);
  await open(kernel);
  mock.timers.tick(15000); // an empty apply is answered, the greeting before it was not
  await settled();
  kernel.unanswered.clear();
  mock.timers.tick(3000);
  await settled();
  assert.equal(kernel.verbs("hello").length, 2);
  assert.equal(queue.current.id, "item 0");
});

test("a kernel that is gone says so, and the page goes on when it is back", async () => {
  const kernel = new Kernel();
  kernel.isGone = true;
  await open(kernel);
  assert.match(queue.status.words, /^Kernel restarted/);
  kernel.isGone = false;
  mock.timers.tick(3000);
  await settled();
  assert.equal(queue.current.id, "item 0");
  assert.equal(queue.status.words, "All saved");
});

test("a closed queue asks nothing any more", async () => {
  const kernel = new Kernel();
  kernel.isGone = true;
  await open(kernel);
  queue.close();
  kernel.isGone = false;
  mock.timers.tick(60000);
  await settled();
  assert.deepEqual(kernel.calls, []);
});

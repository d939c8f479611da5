// Calls to the kernel and their replies, where several pages show one notebook.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { channel } from "../../../spin_nb/views/base/channel.js";

let messages;
let receive;
let pushes;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  [messages, pushes] = [[], []];
});

afterEach(() => mock.timers.reset());

function open() {
  const model = { on: (_, listener) => (receive = listener), off: () => {}, send: (message) => messages.push(message) };
  return channel(model, (message) => pushes.push(message));
}

test("an answer finds its call", async () => {
  const answer = open().ask("hello");
  receive({ reply: messages[0].call, n: 3 }, []);
  const [message] = await answer;
  assert.equal(message.n, 3);
});

test("replies to another page, or to this one before it was reloaded, answer no call of it", async () => {
  open().ask("cards").catch(() => {});
  const [old] = messages.splice(0);
  const answer = open().ask("hello");
  receive({ reply: old.call, client: "old", ack: 1 }, []);
  assert.deepEqual(pushes, [{ reply: undefined, client: "old", ack: 1 }], "acknowledgements are heard by every page");
  receive({ reply: messages[0].call, n: 3 }, []);
  assert.equal((await answer)[0].n, 3);
});

test("they do not tell that an answer is lost either; a later one of its own does", async () => {
  const page = open();
  const question = page.ask("cards", {}, 50);
  mock.timers.tick(60);
  const error = await question.catch((reason) => reason);
  assert.equal(error.late, true);
  let isLost = false;
  error.answer.catch(() => (isLost = true));
  receive({ reply: Number.MAX_SAFE_INTEGER }, []);
  await Promise.resolve();
  assert.equal(isLost, false);
  page.post("apply");
  receive({ reply: messages.at(-1).call }, []);
  await error.answer.catch(() => {});
  assert.equal(isLost, true);
});

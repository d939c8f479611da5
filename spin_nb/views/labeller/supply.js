// The cards that come next: asked of the kernel a few at a time, ahead of the person, and renewed when the model moves.

import { decode, release } from "../media/item.js";

const MAX_CARDS = 16; // the one on screen included
const FIRST_CARDS = 2; // asked for first where there is none: the first item need not wait for the rest
const KEPT_CARDS = 8; // of these the first stay when the rest is drawn anew
const RENEW_AFTER_MS = 1000;
const GREET_AFTER_MS = 5000; // where an earlier page's labels go first

export class Supply {
  constructor(queue, conversation) {
    Object.assign(this, { queue, conversation });
    this.isGreeted = false; // the kernel has told what is there
    this.isGreeting = false; // it was asked
    this.isDry = false; // the kernel has nothing more to ask
    this.isAsking = false; // for cards
    this.turn = 0; // of the questions for cards: only the last one counts
    this.call = undefined; // the number of that question
    this.renewal = null; // timer
  }

  /** What an earlier page left is stored first: what the kernel then tells of the past is complete. */
  start() {
    if (this.queue.outbox.entries.length) this.conversation.after(GREET_AFTER_MS, () => this.hello());
    else this.hello();
  }

  close() {
    clearTimeout(this.renewal);
  }

  async hello() {
    const { queue, conversation } = this;
    conversation.now();
    this.isGreeting = true;
    try {
      const [reply, buffers] = await conversation.patiently(conversation.channel.ask("hello"));
      if (reply.problem) throw new Error(reply.problem.what);
      queue.count(reply);
      if (!queue.decisions.done.length) queue.decisions.done = await queue.decisions.remember(reply.recent, buffers);
      await this.reopen();
      this.isGreeted = true;
      this.refill();
      queue.draw();
    } catch (error) {
      conversation.later(() => this.hello(), error);
    }
  }

  /** After a reload, begin with the item that was on screen: it was asked and waits for its answer. */
  async reopen() {
    const { queue } = this;
    const mark = queue.readMark();
    if (queue.current || !mark || queue.readOnly) return;
    const decided = queue.outbox.entries.some((entry) => entry.id === mark.id && entry.kind !== "shown");
    const card = await queue.fetch(mark.id, (call) => this.conversation.patiently(call)).catch((error) => {
      if (error.gone || error.late) throw error;
    });
    if (decided || !card || card.kind || queue.current) return;
    queue.current = Object.assign(card, { token: mark.token, suggestion: mark.suggestion });
    queue.show();
  }

  /** Ask for as many cards as are missing: `{verb: "cards", n, have, client, entries}` -> `{cards: Card[]}` and an ApplyReply. */
  async refill() {
    const { queue, conversation } = this;
    if (!this.isGreeted || this.isAsking || queue.readOnly || queue.cards.length > KEPT_CARDS) return;
    const ahead = queue.outbox.ahead();
    if (!ahead) return; // an earlier page's entries go first; their acknowledgement comes back here
    const turn = ++this.turn;
    this.isAsking = true;
    try {
      const have = queue.cards.map((card) => card.token ?? null);
      const n = queue.upcoming.length ? MAX_CARDS : have.length + FIRST_CARDS;
      const answer = conversation.patiently(conversation.channel.ask("cards", { n, have, ...ahead }));
      this.call = conversation.channel.last();
      const [reply, buffers] = await answer;
      queue.serverEvents.acknowledged(reply);
      if (turn !== this.turn) return;
      this.isAsking = false;
      if (reply.problem) throw new Error(`${reply.problem.what} ${reply.problem.do}`);
      queue.notice = null;
      if (reply.cards) this.receive(reply.cards, buffers);
      if (n < MAX_CARDS && queue.upcoming.length) this.refill();
    } catch (error) {
      if (turn !== this.turn) return;
      this.isAsking = false;
      conversation.later(() => this.refill(), error);
    }
  }

  /** The kernel answers in order: where a later call came back, the cards asked for before it are lost. */
  noteReply(call) {
    if (call > this.call && this.conversation.channel.waits(this.call)) this.isAsking = false;
  }

  /** The kernel's queue: what it keeps of ours, then new cards. What a person has seen stays whatever it says. */
  receive(cards, buffers) {
    const { queue } = this;
    const keptTokens = new Set(cards.map((card) => card.token));
    queue.unqueue((card) => !card.seen && !keptTokens.has(card.token));
    const presentIds = new Set(queue.cards.map((card) => card.id));
    for (const entry of queue.outbox.entries) if (entry.kind !== "shown") presentIds.add(entry.id);
    const fresh = cards.filter((card) => !card.kept && !presentIds.has(card.id));
    for (const card of fresh) {
      if (card.kind) card.state = { kind: "label", value: card.label, isOpen: true };
      decode(card, buffers).then(() => card === queue.current && queue.draw());
      queue.upcoming.push(card);
    }
    this.isDry = !queue.cards.length && !queue.outbox.pending;
    if (!queue.current && queue.upcoming.length) queue.next();
    queue.draw();
  }

  /** Draw the queue anew beyond the next few; models that follow one another quickly are one reason, not many. */
  renew() {
    this.renewal ??= setTimeout(() => {
      this.renewal = null;
      for (const card of this.queue.upcoming.splice(KEPT_CARDS - 1)) release(card);
      this.refill();
    }, RENEW_AFTER_MS);
  }
}

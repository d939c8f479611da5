// The desk: what one person is labelling. One per model, shared by every view of it; it touches no DOM. This half
// asks the kernel; what a person does is in decisions.js, what the kernel tells of it in news.js.

import { channel } from "../base/channel.js";
import { decode, release, shrink } from "../media/item.js";
import { Draft } from "./draft.js";
import { Drafts } from "./drafts.js";
import { keyTable } from "./keys.js";
import { News } from "./news.js";
import { Outbox } from "./outbox.js";

const QUEUE = 16; // cards held, the one on screen included
const FIRST = 2; // asked for first where there is none: the first item need not wait for the rest
const KEEP = 8; // of these the first few stay when the rest is drawn anew
const RENEW_AFTER = 1000; // milliseconds
const PROBE_EVERY = 15000; // milliseconds
const LEAVING = ["beforeunload", "pagehide"];
const UNGREETED = "No answer from the kernel yet; if it is idle, reload this page";

export class Desk extends News {
  constructor(model) {
    super();
    this.model = model;
    this.listeners = new Set();
    this.channel = channel(model, (message, buffers) => this.hear(message, buffers));
    this.queue = [];
    this.current = null;
    this.done = []; // decisions that undo can take back, oldest first: {card, kind, value, before, draft}
    this.undone = [];
    this.older = []; // decided before those, fetched to be looked at
    this.page = 0; // of the strip of what was decided
    this.era = 0; // grows with every decision
    this.draft = new Draft();
    this.editor = null; // of the view that was used last
    this.onScreen = null; // the card that the editor stands on
    this.refusals = new Map(); // id -> why its label was not stored
    this.elsewhere = new Map(); // id -> value of labels that came by another way
    this.counts = { n_labels: 0, per_minute: 0, at: 0 };
    this.views = 0;
    this.greeted = false; // the kernel has told what is there
    this.lost = false; // the last question could not leave this page
    this.dry = false; // the kernel has nothing more to ask
    this.said = ""; // for the live region
    this.why = ""; // why what was asked for last is not done
    this.notice = null;
    const name = `${model.get("project")}/labeller`;
    this.bookmark = `spin_nb/current/${name}`;
    this.outbox = new Outbox({ name, post: (fields) => this.channel.post("apply", fields), changed: () => this.draw() });
    this.drafts = new Drafts(name, this.outbox.storage);
    this.leaving = (event) => {
      this.keepHalf();
      if (event.type === "beforeunload" && this.hand.some(({ id }) => this.drafts.isUnsafe(id))) event.preventDefault();
    };
    for (const left of LEAVING) window.addEventListener(left, this.leaving);
    this.alive = () => this.listen();
    model.on("comm_live_update", this.alive);
    // What an earlier page left is stored first: what the kernel then tells of the past is complete.
    if (this.outbox.entries.length) this.retry = setTimeout(() => this.hello(), 5000);
    else this.hello();
    this.outbox.flush();
  }

  close() {
    this.keepHalf();
    this.closed = true;
    for (const left of LEAVING) window.removeEventListener(left, this.leaving);
    for (const card of [...this.hand, ...[...this.older, ...this.done, ...this.undone].map((past) => past.card)]) release(card);
    clearTimeout(this.retry);
    clearTimeout(this.probing);
    clearTimeout(this.renewal);
    clearTimeout(this.suggesting);
    clearTimeout(this.following);
    this.model.off("comm_live_update", this.alive);
    this.outbox.close();
    this.channel.close();
  }

  /** The host says that the kernel came or went; an empty apply tells which. */
  listen() {
    try {
      this.channel.post("apply", { client: this.outbox.own.client, entries: [] });
    } catch {
      this.lost = true;
    }
    this.draw();
  }

  /** What the task says of itself: the editor's word, names, limits. */
  get spec() {
    return this.model.get("spec");
  }

  get table() {
    return keyTable(this.spec.names, this.model.get("bindings"), this.current?.likeliest);
  }

  get readOnly() {
    return this.model.get("read_only");
  }

  /** Labels on disk and on their way there. */
  get nLabels() {
    return Math.max(0, this.counts.n_labels + this.outbox.entries.reduce((sum, entry) => sum + (entry.delta ?? 0), 0));
  }

  draw() {
    for (const listener of this.listeners) listener();
    this.resume();
  }

  /** Once the editor stands on a card, it goes on with what was begun there. */
  resume() {
    const card = this.current;
    if (!this.editor || (card && !card.decoded && !card.broken)) return;
    this.onScreen = card;
    const { half } = this.draft;
    if (!card || half === null) return;
    this.draft.half = null;
    this.editor.resume?.(half);
  }

  /** A view goes: what its editor has begun waits for the next. */
  leave(editor) {
    if (this.editor !== editor) return;
    this.keepHalf();
    this.draft.half = this.half;
    this.editor = null;
  }

  // ---- talking with the kernel -------------------------------------------------------------------------------

  async hello() {
    clearTimeout(this.retry);
    this.greeting = true;
    try {
      const [reply, buffers] = await this.patiently(this.channel.ask("hello"));
      if (reply.problem) throw new Error(reply.problem.what);
      this.count(reply);
      if (!this.done.length) this.done = await this.remember(reply.recent, buffers);
      await this.reopen();
      this.greeted = true;
      this.refill();
      this.draw();
    } catch (error) {
      this.later(() => this.hello(), error);
    }
  }

  /** After a reload, begin with the item that was on screen: it was asked and waits for its answer. */
  async reopen() {
    const mark = this.outbox.storage.read(this.bookmark);
    if (this.current || !mark || this.readOnly) return;
    const decided = this.outbox.entries.some((entry) => entry.id === mark.id && entry.kind !== "shown");
    const card = await this.fetch(mark.id, (asked) => this.patiently(asked)).catch((error) => {
      if (error.gone || error.late) throw error;
    });
    if (decided || !card || card.kind || this.current) return;
    this.current = Object.assign(card, { token: mark.token, suggestion: mark.suggestion });
    this.show();
  }

  /** The last decisions as the kernel tells them, for undo and the strip; or what redo would bring back. */
  async remember(recent, buffers, stands = true) {
    const cards = new Map(recent.map(({ card }) => [card.id, card]));
    await Promise.all([...cards.values()].map((card) => decode(card, buffers)));
    return recent.map(({ card: { id }, kind, value, previous, n }) => {
      const card = cards.get(id);
      const earlier = previous === null || previous === undefined ? null : { kind: "label", value: previous };
      const past = { card, kind, value, n, before: card.state ?? earlier };
      if (stands) card.state = { kind, value, n };
      card.seen = true;
      shrink(card);
      return past;
    });
  }

  /** What was asked for, however late it comes: to ask again would be answered after it, and later still. */
  async patiently(asked) {
    try {
      return await asked;
    } catch (error) {
      if (!error.answer) throw error;
      this.probe();
      return await error.answer.finally(() => clearTimeout(this.probing));
    }
  }

  /** Nothing has come for a while: an empty apply is answered after what is awaited, or tells that it is lost. */
  probe() {
    clearTimeout(this.probing);
    if (this.closed) return;
    this.probing = setTimeout(() => this.probe(), PROBE_EVERY);
    if (!this.greeted) this.notice = UNGREETED;
    this.listen();
  }

  /** Ask again in a while; closed views stop asking. */
  later(action, error) {
    this.lost = Boolean(error.gone);
    this.notice = error.gone ? null : error.message;
    if (error.late) this.notice = this.greeted ? null : UNGREETED;
    clearTimeout(this.retry);
    if (!this.closed) this.retry = setTimeout(action, 3000);
    this.draw();
  }

  /** `at`: the last event that is counted; news may come later than the answer that was made after them. */
  count({ n_labels, per_minute, at = this.counts.at }) {
    if (typeof n_labels !== "number" || at < this.counts.at) return;
    const hasMoved = n_labels !== this.counts.n_labels;
    this.counts = { n_labels, per_minute: per_minute ?? 0, at };
    if (hasMoved && this.greeted) this.follow();
  }

  async refill() {
    if (!this.greeted || this.asking || this.readOnly || this.hand.length > KEEP) return;
    const ahead = this.outbox.ahead();
    if (!ahead) return; // an earlier page's entries go first; their acknowledgement comes back here
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.asking = true;
    try {
      const have = this.hand.map((card) => card.token ?? null);
      const n = this.queue.length ? QUEUE : have.length + FIRST;
      const answer = this.patiently(this.channel.ask("cards", { n, have, ...ahead }));
      this.asked = this.channel.last();
      const [reply, buffers] = await answer;
      this.acknowledged(reply);
      if (turn !== this.turn) return;
      this.asking = false;
      if (reply.problem) throw new Error(`${reply.problem.what} ${reply.problem.do}`);
      this.notice = null;
      if (reply.cards) this.receive(reply.cards, buffers);
      if (n < QUEUE && this.queue.length) this.refill();
    } catch (error) {
      if (turn !== this.turn) return;
      this.asking = false;
      this.later(() => this.refill(), error);
    }
  }

  /** Cards on the desk: the one on screen, then the queue. */
  get hand() {
    return [this.current, ...this.queue].filter(Boolean);
  }

  /** The kernel's queue: what it keeps of ours, then new cards. What a person has seen stays whatever it says. */
  receive(cards, buffers) {
    const kept = new Set(cards.map((card) => card.token));
    this.unqueue((card) => !card.seen && !kept.has(card.token));
    const known = new Set(this.hand.map((card) => card.id));
    for (const entry of this.outbox.entries) if (entry.kind !== "shown") known.add(entry.id);
    const fresh = cards.filter((card) => !card.kept && !known.has(card.id));
    for (const card of fresh) {
      decode(card, buffers).then(() => card === this.current && this.draw());
      this.queue.push(card);
    }
    this.dry = !this.hand.length && !this.outbox.pending;
    if (!this.current && this.queue.length) this.next();
    this.draw();
  }

  /** Cards that shall not be asked any more. */
  unqueue(isGone) {
    for (const card of this.queue.filter(isGone)) release(card);
    this.queue = this.queue.filter((card) => !isGone(card));
  }

  hear(message) {
    this.lost = false;
    if (message.client) {
      // The kernel answers in order: a later call came back, so the cards asked for before it are lost.
      if (message.reply > this.asked && this.channel.waits(this.asked)) this.asking = false;
      this.acknowledged(message);
      this.refill();
    } else if (message.problem) {
      this.outbox.problem = `${message.problem.what} ${message.problem.do}`;
    } else if (message.push === "labelled") {
      this.labelledElsewhere(message);
    } else if (message.push === "trained") {
      this.renew();
      this.follow();
    } else if (message.push === "suggested") {
      this.suggestAnew();
    } else if (message.push === "show") {
      this.visit(message.id);
    } else if (message.push === "problem") {
      this.notice = message.what;
    }
    this.draw();
  }

  acknowledged(message) {
    if (!message.client) return;
    for (const { seq, what } of message.refused ?? []) {
      const entry = this.outbox.entry(message.client, seq);
      if (entry || seq === null) this.refused(entry, what); // else it was sent twice, and told before
    }
    for (const { seq, id, n } of message.undone ?? []) this.undidOther(this.outbox.entry(message.client, seq), id, n);
    for (const { seq, id, n } of message.redone ?? []) this.redidOther(this.outbox.entry(message.client, seq), id, n);
    this.count(message); // first: what is on its way counts, too, until it is no longer
    this.outbox.answered(message);
    if (!this.greeting && !this.outbox.entries.length) this.hello();
  }

  /** Draw the queue anew beyond the next few; models that follow one another quickly are one reason, not many. */
  renew() {
    this.renewal ??= setTimeout(() => {
      this.renewal = null;
      for (const card of this.queue.splice(KEEP - 1)) release(card);
      this.refill();
    }, RENEW_AFTER);
  }

  // ---- how it stands -----------------------------------------------------------------------------------------

  get gone() {
    return this.lost || this.outbox.gone;
  }

  /** {tone, words} of the status line. */
  get status() {
    const n = this.outbox.pending;
    const kept = ["nothing is waiting to be saved", "1 label kept here"][n] ?? `${n} labels kept here`;
    if (this.readOnly) return { tone: "warn", words: "Read-only project: labels cannot be saved" };
    if (this.gone) return { tone: "bad", words: `Kernel restarted: run this cell again; ${kept}` };
    if (this.outbox.problem) return { tone: "bad", words: `${this.outbox.problem} ${n ? `${kept}; trying again` : ""}`.trim() };
    const refused = [...this.refusals.values()].at(-1);
    if (refused ?? this.notice) return { tone: "warn", words: refused ?? this.notice };
    if (this.outbox.attempt > 0 && n) return { tone: "warn", words: `Saving is paused, the kernel does not answer yet; ${kept}` };
    if (n) return { tone: "busy", words: `Saving ${n}` };
    return { tone: "good", words: this.isUnsubmitted ? "All saved · not submitted yet" : "All saved" };
  }
}

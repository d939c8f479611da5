// What one person is labelling: the card on screen, those that come next. One per model, shared by every view of it; it
// touches no DOM. Its parts: the person's work on the card (work.js) and decisions (decisions.js), what is on its way to
// the kernel (outbox.js), the cards that come from there (supply.js), and what it tells unasked (server_events.js).

import { decode, release } from "../media/item.js";
import { Conversation } from "./conversation.js";
import { Decisions } from "./decisions.js";
import { Drafts } from "./drafts.js";
import { keyTable } from "../base/keys.js";
import { Outbox } from "./outbox.js";
import { ServerEvents } from "./server_events.js";
import { statusOf } from "./status.js";
import { Supply } from "./supply.js";
import { Work } from "./work.js";

/**
 * An item to decide, as the kernel sends it and the page keeps it.
 * @typedef {object} Card
 * @property {string} id
 * @property {string} mime what it is; `media/registry.js` shows it by this word
 * @property {*} [data] a text, a row, facts of a recording
 * @property {number[]} [buffers] which of the message's buffers are its bytes
 * @property {number[]} [size] width and height of the original
 * @property {Array<Card>} [parts] of an item of several
 * @property {boolean | string} [broken] why it cannot be shown
 * @property {string} [token] of its ask; the kernel takes a card back by it
 * @property {boolean} [kept] the kernel keeps the card with this token, and sends nothing more of it
 * @property {?{value: *, p: ?number}} [suggestion]
 * @property {Array<[string, ?number]>} [likeliest] classes on the first keys
 * @property {?{kind: string, value: *, n?: number}} [state] what was decided of it
 * @property {{annotator: string, doubt: number, reasons: string[]}} [review] of a label to look at again
 * @property {ImageBitmap} [bitmap] its picture, once it is decoded
 */

export class LabelQueue {
  constructor(model) {
    this.model = model;
    this.listeners = new Set();
    this.current = null;
    this.upcoming = [];
    this.refusals = new Map(); // id -> why its label was not stored
    this.counts = { n_labels: 0, per_minute: 0, at: 0 };
    this.views = 0;
    this.announcement = ""; // for the live region
    this.why = ""; // why what was asked for last is not done
    this.notice = null;
    const name = `${model.get("project")}/${this.isReview ? "review" : "labeller"}`;
    this.bookmark = `spin_nb/current/${name}`;
    this.decisions = new Decisions(this);
    this.serverEvents = new ServerEvents(this);
    this.conversation = new Conversation(this, (message, buffers) => this.serverEvents.hear(message, buffers));
    this.channel = this.conversation.channel;
    this.supply = new Supply(this, this.conversation);
    this.outbox = new Outbox({ name, post: (fields) => this.channel.post("apply", fields), changed: () => this.draw() });
    this.work = new Work(this, new Drafts(name, this.outbox.storage));
    this.supply.start();
    this.outbox.flush();
  }

  close() {
    this.work.close();
    this.closed = true;
    for (const card of [...this.cards, ...this.decisions.cards]) release(card);
    for (const part of [this.supply, this.serverEvents, this.outbox, this.conversation]) part.close();
  }

  // ---- cards in hand -----------------------------------------------------------------------------------------

  /** First view on screen: only now is the card really shown. */
  opened() {
    this.views += 1;
    this.show();
  }

  show() {
    const card = this.current;
    if (this.work.begin(card)) {
      this.decisions.warned = false; // that nothing is marked
      this.why = "";
    }
    if (card?.isSmall) this.enlarge(card);
    if (!card || !this.views) return;
    card.since = performance.now();
    this.mark(card);
    if (card.seen) return;
    card.seen = true;
    if (!this.readOnly) this.outbox.put({ kind: "shown", token: card.token ?? null, id: card.id });
  }

  /** Where a reload begins. */
  mark({ id, token = null, suggestion = null }) {
    this.outbox.storage.write(this.bookmark, { id, token, suggestion });
  }

  /** Where the page was before it was loaded again. */
  readMark() {
    return this.outbox.storage.read(this.bookmark);
  }

  async enlarge(card) {
    card.isSmall = false;
    await decode(card);
    if (this.closed) release(card);
    else if (card === this.current) this.draw();
  }

  /** Cards of this page: the one on screen, then those that come next. */
  get cards() {
    return [this.current, ...this.upcoming].filter(Boolean);
  }

  next() {
    this.current = this.upcoming.shift() ?? null;
    this.show();
    this.supply.refill();
  }

  /** Put a card in front; the one that was there comes back after it. */
  bring(card) {
    if (this.current && this.current !== card) this.upcoming.unshift(this.current);
    this.upcoming = this.upcoming.filter((other) => other.id !== card.id);
    this.current = card;
    this.show();
  }

  /** Cards that shall not be asked any more. */
  unqueue(isGone) {
    for (const card of this.upcoming.filter(isGone)) release(card);
    this.upcoming = this.upcoming.filter((card) => !isGone(card));
  }

  /** An item that is not in the queue, as a card to decide. */
  async fetch(id, awaited = (call) => call) {
    const [reply, buffers] = await awaited(this.channel.ask("card", { id }));
    if (reply.problem) throw new Error(reply.problem.what);
    const card = { ...reply, seen: true };
    await decode(card, buffers);
    return card;
  }

  /** Any item, to be looked at and decided; the one on screen comes back after it. */
  async visit(id) {
    const inHand = [...this.cards, ...this.decisions.done.map((past) => past.card)].find((card) => card.id === id);
    try {
      const card = inHand ?? (await this.fetch(id));
      if (!inHand && card.kind) card.state = { kind: card.kind, value: card.label ?? null };
      this.bring(card);
      this.say(`Showing ${id}.`);
    } catch (error) {
      this.notice = `${id} cannot be shown: ${error.message}`;
      this.draw();
    }
  }

  // ---- how it stands -----------------------------------------------------------------------------------------

  say(words) {
    this.announcement = words;
    this.why = "";
    this.draw();
  }

  /** Why what was asked for is not done: said, and there to be read until something is done. */
  warn(why) {
    this.announcement = this.why = why;
    this.draw();
  }

  draw() {
    for (const listener of this.listeners) listener();
    this.work.resume();
  }

  /** `at`: the last event that is counted; news may come later than the answer that was made after them. */
  count({ n_labels, per_minute, at = this.counts.at }) {
    if (typeof n_labels !== "number" || at < this.counts.at) return;
    const hasMoved = n_labels !== this.counts.n_labels;
    this.counts = { n_labels, per_minute: per_minute ?? 0, at };
    if (hasMoved && this.supply.isGreeted) this.serverEvents.follow();
  }

  /** Labels on disk and on their way there. */
  get nLabels() {
    return Math.max(0, this.counts.n_labels + this.outbox.entries.reduce((sum, entry) => sum + (entry.delta ?? 0), 0));
  }

  get gone() {
    return this.conversation.lost || this.outbox.gone;
  }

  get status() {
    return statusOf(this);
  }

  /** What the task says of itself: the editor's word, names, limits. */
  get spec() {
    return this.model.get("spec");
  }

  get table() {
    return keyTable(this.spec.names, this.model.get("bindings"), this.current?.likeliest);
  }

  /** The cards are labels to look at again. */
  /** "None of these" may be said. */
  get hasNone() {
    return Boolean(this.spec.has_none) && !this.isReview;
  }

  get isReview() {
    return this.model.get("mode") === "review";
  }

  /** Why there is no card, as the kernel says it. */
  get whyEmpty() {
    return this.model.get("why_empty");
  }

  get readOnly() {
    return this.model.get("read_only");
  }
}

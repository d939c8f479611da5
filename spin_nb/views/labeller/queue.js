// What one person is labelling: the card on screen, those that come next, how it stands. One per model, shared by every
// view of it; it touches no DOM. It asks the kernel for cards; it has the decisions of a person (decisions.js) and a
// listener to what the kernel tells unasked (server_events.js).

import { channel } from "../base/channel.js";
import { decode, release } from "../media/item.js";
import { Decisions } from "./decisions.js";
import { Draft } from "./draft.js";
import { Drafts } from "./drafts.js";
import { keyTable } from "./keys.js";
import { Outbox } from "./outbox.js";
import { ServerEvents } from "./server_events.js";

const MAX_CARDS = 16; // the one on screen included
const FIRST_CARDS = 2; // asked for first where there is none: the first item need not wait for the rest
const KEPT_CARDS = 8; // of these the first stay when the rest is drawn anew
const RENEW_AFTER_MS = 1000;
const PROBE_EVERY_MS = 15000;
const LEAVING = ["beforeunload", "pagehide"];
const UNGREETED = "No answer from the kernel yet; if it is idle, reload this page";

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
 * @property {ImageBitmap} [bitmap] its picture, once it is decoded
 */

export class LabelQueue {
  constructor(model) {
    this.model = model;
    this.listeners = new Set();
    this.decisions = new Decisions(this);
    this.serverEvents = new ServerEvents(this);
    this.channel = channel(model, (message, buffers) => this.serverEvents.hear(message, buffers));
    this.upcoming = [];
    this.current = null;
    this.draft = new Draft();
    this.editor = null; // of the view that was used last
    this.onScreen = null; // the card that the editor stands on
    this.refusals = new Map(); // id -> why its label was not stored
    this.counts = { n_labels: 0, per_minute: 0, at: 0 };
    this.views = 0;
    this.greeted = false; // the kernel has told what is there
    this.lost = false; // the last question could not leave this page
    this.dry = false; // the kernel has nothing more to ask
    this.announcement = ""; // for the live region
    this.why = ""; // why what was asked for last is not done
    this.notice = null;
    const name = `${model.get("project")}/labeller`;
    this.bookmark = `spin_nb/current/${name}`;
    this.outbox = new Outbox({ name, post: (fields) => this.channel.post("apply", fields), changed: () => this.draw() });
    this.drafts = new Drafts(name, this.outbox.storage);
    this.leaving = (event) => {
      this.keepUnsaved();
      if (event.type === "beforeunload" && this.cards.some(({ id }) => this.drafts.isUnsafe(id))) event.preventDefault();
    };
    for (const eventName of LEAVING) window.addEventListener(eventName, this.leaving);
    this.alive = () => this.listen();
    model.on("comm_live_update", this.alive);
    // What an earlier page left is stored first: what the kernel then tells of the past is complete.
    if (this.outbox.entries.length) this.retry = setTimeout(() => this.hello(), 5000);
    else this.hello();
    this.outbox.flush();
  }

  close() {
    this.keepUnsaved();
    this.closed = true;
    for (const eventName of LEAVING) window.removeEventListener(eventName, this.leaving);
    for (const card of [...this.cards, ...this.decisions.cards]) release(card);
    clearTimeout(this.retry);
    clearTimeout(this.probing);
    clearTimeout(this.renewal);
    this.serverEvents.close();
    this.model.off("comm_live_update", this.alive);
    this.outbox.close();
    this.channel.close();
  }

  /** First view on screen: only now is the card really shown. */
  opened() {
    this.views += 1;
    this.show();
  }

  show() {
    const card = this.current;
    if (this.draft.card !== card) {
      this.keepDraft();
      this.draft.begin(card, this.spec, card && !this.readOnly ? this.drafts.of(card.id) : null);
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

  async enlarge(card) {
    card.isSmall = false;
    await decode(card);
    if (this.closed) release(card);
    else if (card === this.current) this.draw();
  }

  /** What is drawn or typed and not submitted outlives its turn on screen, the page and the kernel. */
  keepDraft() {
    const { card, value, steps, undone, untouched } = this.draft;
    if (!card || this.readOnly) return;
    const { unsaved } = this;
    if (untouched && unsaved === null) this.drafts.drop(card.id);
    else this.drafts.keep(card.id, { value, steps, undone, unsaved });
  }

  /** Steps are kept as they are made; what the editor has begun since is not. */
  keepUnsaved() {
    const storedUnsaved = this.drafts.onPage.get(this.draft.card?.id)?.unsaved ?? null;
    if (JSON.stringify(this.unsaved) !== JSON.stringify(storedUnsaved)) this.keepDraft();
  }

  /** What the editor has begun on the card of the draft and is no step yet, or null. */
  get unsaved() {
    return this.draft.unsaved ?? (this.onScreen === this.draft.card ? (this.editor?.unsaved?.() ?? null) : null);
  }

  /** There is work on the card on screen, or on one that comes back, that nobody has submitted. */
  get isUnsubmitted() {
    return this.draft.steps.length > 0 || this.unsaved !== null || this.upcoming.some(({ id }) => this.drafts.waits(id));
  }

  next() {
    this.current = this.upcoming.shift() ?? null;
    this.show();
    this.refill();
  }

  /** Put a card in front; the one that was there comes back after it. */
  bring(card) {
    if (this.current && this.current !== card) this.upcoming.unshift(this.current);
    this.upcoming = this.upcoming.filter((other) => other.id !== card.id);
    this.current = card;
    this.show();
  }

  /** An item that is not in the queue, as a card to decide. */
  async fetch(id, awaited = (call) => call) {
    const [reply, buffers] = await awaited(this.channel.ask("card", { id }));
    if (reply.problem) throw new Error(reply.problem.what);
    const card = { ...reply, seen: true };
    await decode(card, buffers);
    return card;
  }

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

  /** The host says that the kernel came or went; an empty apply tells which. */
  listen() {
    try {
      this.channel.post("apply", { client: this.outbox.pageLog.client, entries: [] });
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
    const { unsaved } = this.draft;
    if (!card || unsaved === null) return;
    this.draft.unsaved = null;
    this.editor.resume?.(unsaved);
  }

  /** A view goes: what its editor has begun waits for the next. */
  leave(editor) {
    if (this.editor !== editor) return;
    this.keepUnsaved();
    this.draft.unsaved = this.unsaved;
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
      if (!this.decisions.done.length) this.decisions.done = await this.decisions.remember(reply.recent, buffers);
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
    const card = await this.fetch(mark.id, (call) => this.patiently(call)).catch((error) => {
      if (error.gone || error.late) throw error;
    });
    if (decided || !card || card.kind || this.current) return;
    this.current = Object.assign(card, { token: mark.token, suggestion: mark.suggestion });
    this.show();
  }

  /** What was asked for, however late it comes: to ask again would be answered after it, and later still. */
  async patiently(call) {
    try {
      return await call;
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
    this.probing = setTimeout(() => this.probe(), PROBE_EVERY_MS);
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
    if (hasMoved && this.greeted) this.serverEvents.follow();
  }

  /** Ask for as many cards as are missing: `{verb: "cards", n, have, client, entries}` -> `{cards: Card[]}` and an ApplyReply. */
  async refill() {
    if (!this.greeted || this.asking || this.readOnly || this.cards.length > KEPT_CARDS) return;
    const ahead = this.outbox.ahead();
    if (!ahead) return; // an earlier page's entries go first; their acknowledgement comes back here
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.asking = true;
    try {
      const have = this.cards.map((card) => card.token ?? null);
      const n = this.upcoming.length ? MAX_CARDS : have.length + FIRST_CARDS;
      const answer = this.patiently(this.channel.ask("cards", { n, have, ...ahead }));
      this.cardsCall = this.channel.last();
      const [reply, buffers] = await answer;
      this.serverEvents.acknowledged(reply);
      if (turn !== this.turn) return;
      this.asking = false;
      if (reply.problem) throw new Error(`${reply.problem.what} ${reply.problem.do}`);
      this.notice = null;
      if (reply.cards) this.receive(reply.cards, buffers);
      if (n < MAX_CARDS && this.upcoming.length) this.refill();
    } catch (error) {
      if (turn !== this.turn) return;
      this.asking = false;
      this.later(() => this.refill(), error);
    }
  }

  /** Cards of this page: the one on screen, then those that come next. */
  get cards() {
    return [this.current, ...this.upcoming].filter(Boolean);
  }

  /** The kernel's queue: what it keeps of ours, then new cards. What a person has seen stays whatever it says. */
  receive(cards, buffers) {
    const keptTokens = new Set(cards.map((card) => card.token));
    this.unqueue((card) => !card.seen && !keptTokens.has(card.token));
    const presentIds = new Set(this.cards.map((card) => card.id));
    for (const entry of this.outbox.entries) if (entry.kind !== "shown") presentIds.add(entry.id);
    const fresh = cards.filter((card) => !card.kept && !presentIds.has(card.id));
    for (const card of fresh) {
      decode(card, buffers).then(() => card === this.current && this.draw());
      this.upcoming.push(card);
    }
    this.dry = !this.cards.length && !this.outbox.pending;
    if (!this.current && this.upcoming.length) this.next();
    this.draw();
  }

  /** Cards that shall not be asked any more. */
  unqueue(isGone) {
    for (const card of this.upcoming.filter(isGone)) release(card);
    this.upcoming = this.upcoming.filter((card) => !isGone(card));
  }

  /** Draw the queue anew beyond the next few; models that follow one another quickly are one reason, not many. */
  renew() {
    this.renewal ??= setTimeout(() => {
      this.renewal = null;
      for (const card of this.upcoming.splice(KEPT_CARDS - 1)) release(card);
      this.refill();
    }, RENEW_AFTER_MS);
  }

  // ---- how it stands -----------------------------------------------------------------------------------------

  get gone() {
    return this.lost || this.outbox.gone;
  }

  /** {tone, words} of the status line. */
  get status() {
    const n = this.outbox.pending;
    const waiting = ["nothing is waiting to be saved", "1 label kept here"][n] ?? `${n} labels kept here`;
    if (this.readOnly) return { tone: "warn", words: "Read-only project: labels cannot be saved" };
    if (this.gone) return { tone: "bad", words: `Kernel restarted: run this cell again; ${waiting}` };
    if (this.outbox.problem) return { tone: "bad", words: `${this.outbox.problem} ${n ? `${waiting}; trying again` : ""}`.trim() };
    const refused = [...this.refusals.values()].at(-1);
    if (refused ?? this.notice) return { tone: "warn", words: refused ?? this.notice };
    if (this.outbox.attempt > 0 && n) return { tone: "warn", words: `Saving is paused, the kernel does not answer yet; ${waiting}` };
    if (n) return { tone: "busy", words: `Saving ${n}` };
    return { tone: "good", words: this.isUnsubmitted ? "All saved · not submitted yet" : "All saved" };
  }
}

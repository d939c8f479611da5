// What a person does with the card on screen: decide, undo, redo, look again. Shown at once; the outbox tells the kernel.

import { decode, release, shrink } from "../media/item.js";
import { isSameValue } from "../editors/choices.js";
import { inWords } from "./format.js";

const MAX_UNDO_DECISIONS = 30; // decisions that undo shows again without asking the kernel
const DECISIONS_PER_FETCH = 8; // of an earlier page's, fetched at once
const FULL_SIZE_DECISIONS = 2; // of the last decisions the pictures stay as they are: undo shows them at once
const FETCH_GRACE_MS = 300; // milliseconds that a decision waits for what undo fetches; then undo gives way
const FETCHING = "One moment: what was decided earlier is being fetched.";
const UNHEARD = {
  undo: "Earlier decisions can be taken back when the kernel answers.",
  redo: "Earlier decisions can be brought back when the kernel answers.",
};

export class Decisions {
  constructor(queue) {
    this.queue = queue;
    this.done = []; // decisions that undo can take back, oldest first: {card, kind, value, before, draft}
    this.undone = [];
    this.older = []; // decided before those, fetched to be looked at
    this.page = 0; // of the strip of what was decided
    this.epoch = 0; // grows with every decision
    this.warned = false; // that nothing is marked
  }

  /** Cards of everything decided that this page remembers. */
  get cards() {
    return [...this.older, ...this.done, ...this.undone].map((past) => past.card);
  }

  decide(word, value = null) {
    const card = this.queue.current;
    if (!card || this.queue.readOnly) return;
    const isKept = word === "label" && card.state?.isOpen && isSameValue(value, card.label);
    const kind = isKept ? "keep" : word;
    if (this.recalling && performance.now() - this.recalling < FETCH_GRACE_MS) return this.queue.say(FETCHING);
    this.recalling = null;
    this.epoch += 1;
    const { steps, undone } = this.queue.work.draft;
    const past = { card, kind, value, before: card.state ?? null, draft: { value, steps, undone, unsaved: null } };
    const suggested = card.suggestion ? [card.suggestion.value, card.suggestion.p] : null;
    this.queue.outbox.put({
      kind,
      token: card.token ?? null,
      id: card.id,
      value,
      shown_ms: Math.round(performance.now() - (card.since ?? performance.now())),
      suggested,
      delta: this.gain(past),
    });
    if (word === "label") {
      this.queue.work.draft.end();
      this.queue.work.drafts.drop(card.id);
    }
    this.queue.refusals.delete(card.id);
    card.state = { kind, value };
    this.done.push(past);
    this.undone = [];
    this.older = []; // places have moved
    this.page = 0;
    this.forget();
    this.queue.announcement = `${card.id}: ${inWords(past, this.queue.spec)}.`;
    this.queue.next();
    this.queue.draw();
  }

  /** The draft becomes the label. */
  submit() {
    const why = this.queue.work.editor?.unfinished?.();
    if (why) return this.queue.warn(why);
    if (this.queue.work.draft.value === null) return this.queue.warn("There is no label to submit yet.");
    if (this.isBlank && !this.warned) {
      this.warned = true;
      return this.queue.warn("Nothing is marked. Press Enter again if there is nothing here.");
    }
    return this.decide("label", this.queue.work.draft.value);
  }

  /** An empty list that nobody has made: on an audit item it would be taken for somebody's word. */
  get isBlank() {
    const { card, value, steps } = this.queue.work.draft;
    return !steps.length && Array.isArray(value) && !value.length && !card.suggestion && card.state?.kind !== "label";
  }

  edit(value, words) {
    if (!this.queue.current || this.queue.readOnly) return;
    this.queue.work.draft.edit(value, words);
    this.queue.work.keep();
    this.queue.say(words ?? "");
  }

  /** One after the other, however fast the keys: what an earlier page decided is fetched in between. */
  inTurn(action) {
    this.turns = (this.turns ?? Promise.resolve()).then(action, action);
    return this.turns;
  }

  /** What was still waiting for its turn when something was decided, or no kernel answered, is not done any more. */
  inEpoch(action) {
    const { epoch } = this;
    return this.inTurn(() => (epoch === this.epoch ? action() : undefined));
  }

  undo() {
    return this.inEpoch(() => this.takeBack());
  }

  redo() {
    return this.inEpoch(() => this.bringBack());
  }

  /** By how much a decision changes what the page counts: labels, or in a review those that were looked at again. */
  gain(past) {
    if (!this.queue.isReview) return labelGain(past);
    return Number(Boolean(past.card.review) && (past.before === null || Boolean(past.before.isOpen)));
  }

  /** The last step of the draft, else the last decision; of an earlier page, if need be. */
  async takeBack() {
    if (this.queue.readOnly) return this.queue.say("Nothing to undo.");
    const step = this.queue.work.draft.back();
    if (step !== null) {
      this.queue.work.keep();
      return this.queue.say(`Undone: ${step}.`);
    }
    const last = this.done.pop() ?? (await this.recall("undo"));
    if (last === undefined) return undefined;
    if (!last) return this.queue.say("Nothing to undo.");
    this.undone.push(last);
    this.queue.outbox.put({ kind: "undo", id: last.card.id, delta: -this.gain(last) });
    this.reask(last);
    return this.queue.say(`Undone: ${inWords(last, this.queue.spec)}, ${last.card.id}.`);
  }

  /** A decision that was taken back: its card in front, with what was decided as its draft. */
  reask(past) {
    past.card.state = past.before;
    if (past.kind === "label") this.queue.work.drafts.keep(past.card.id, { value: past.value, steps: [], undone: [], unsaved: null });
    this.queue.bring(past.card);
  }

  async bringBack() {
    if (this.queue.readOnly) return this.queue.say("Nothing to redo.");
    const step = this.queue.work.draft.again();
    if (step !== null) {
      this.queue.work.keep();
      return this.queue.say(`Done again: ${step}.`);
    }
    if (this.queue.work.draft.steps.length || this.queue.work.unsaved !== null) return this.queue.say("Nothing to redo.");
    const last = this.undone.pop() ?? (await this.recall("redo"));
    if (last === undefined) return undefined;
    // Redo ends where something new was done: it would put the old decision over that.
    if (last && this.queue.work.drafts.waits(last.card.id)) this.undone.push(last);
    else if (last) return this.stand(last);
    return this.queue.say("Nothing to redo.");
  }

  /** A decision that was taken back holds again. */
  stand(last) {
    this.done.push(last);
    this.queue.outbox.put({ kind: "redo", id: last.card.id, delta: this.gain(last) });
    last.card.state = { kind: last.kind, value: last.value, n: last.n };
    this.queue.upcoming = this.queue.upcoming.filter((card) => card !== last.card);
    if (last.kind === "label") this.queue.work.drafts.drop(last.card.id);
    if (this.queue.current === last.card) {
      if (last.kind === "label") this.queue.work.draft.end();
      this.queue.next();
    }
    return this.queue.say(`Done again: ${inWords(last, this.queue.spec)}, ${last.card.id}.`);
  }

  /**
   * What an earlier page or kernel decided, or undid, and this page does not hold: the next of it, with its card. Null
   * where there is none, undefined where nobody tells: no kernel answers, or a person went on labelling meanwhile.
   */
  async recall(kind) {
    const since = (this.recalling = performance.now());
    const isOver = () => this.recalling !== since;
    const earlier = await this.fetchPast(kind, isOver);
    if (isOver()) return undefined;
    this.recalling = null;
    if (!earlier) {
      this.epoch += 1;
      this.queue.say(UNHEARD[kind]);
      return undefined;
    }
    const last = earlier.pop() ?? null;
    const stack = kind === "undo" ? this.done : this.undone;
    stack.unshift(...earlier);
    return last;
  }

  async fetchPast(kind, isOver) {
    try {
      // Else the kernel would name what is on its way to being undone.
      if (!(await this.queue.outbox.emptied(isOver))) return null;
      const [reply, buffers] = await this.queue.channel.ask("past", { kind, n: DECISIONS_PER_FETCH });
      return await this.remember(reply.past ?? [], buffers, kind === "undo");
    } catch (error) {
      this.queue.conversation.lost ||= Boolean(error.gone);
      if (!error.gone && !error.late) this.queue.notice = error.message;
      return null;
    }
  }

  /** Items decided, newest first, each once: `count` of them, from the page that is looked at. */
  recent(count) {
    const cards = [];
    for (const { card } of [...this.older, ...this.done].reverse()) if (!cards.includes(card) && card.state) cards.push(card);
    return cards.slice(this.page * count, (this.page + 1) * count);
  }

  /** Turn to earlier (1) or later (-1) items; what this page does not hold is fetched. */
  async leaf(way, count) {
    if (way < 0) this.page = Math.max(0, this.page - 1);
    else {
      this.page += 1;
      if (this.recent(count).length < count) await this.inTurn(() => this.fetchOlder(2 * count)).catch(() => this.queue.say(UNHEARD.undo));
      if (!this.recent(count).length) this.page -= 1;
    }
    this.queue.draw();
  }

  async fetchOlder(n) {
    if (!(await this.queue.outbox.emptied())) throw new Error("no answer");
    const fields = { kind: "undo", n, skip: this.older.length + this.done.length };
    const [reply, buffers] = await this.queue.channel.ask("past", fields);
    this.older.unshift(...(await this.remember(reply.past ?? [], buffers)));
  }

  /** Of old decisions only small pictures are kept, of those beyond what undo remembers none. */
  forget() {
    const surplus = this.done.splice(0, Math.max(0, this.done.length - MAX_UNDO_DECISIONS));
    const past = this.done.map(({ card }) => card);
    const inUse = new Set([...this.queue.cards, ...past.slice(-FULL_SIZE_DECISIONS)]);
    for (const card of past) if (!inUse.has(card)) shrink(card);
    for (const { card } of surplus) if (!inUse.has(card) && !past.includes(card)) release(card);
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
}

/** By how much a decision changes the number of labels; a flag leaves a label as it is. */
function labelGain({ kind, before, n = 1 }) {
  const labelled = before?.kind === "label" || before?.kind === "imported";
  return kind === "flag" ? 0 : n * ((kind === "label") - labelled);
}

// What a person does at the desk: decide, undo, redo, look again. Shown at once; the outbox tells the kernel.

import { decode, release, shrink } from "../media/item.js";
import { inWords } from "./words.js";

const REMEMBERED = 30; // decisions that undo shows again without asking the kernel
const RECALLED = 8; // of an earlier page's, fetched at once
const WHOLE = 2; // of the last decisions the pictures stay as they are: undo shows them at once
const MOMENT = 300; // milliseconds that a decision waits for what undo fetches; then undo gives way
const FETCHING = "One moment: what was decided earlier is being fetched.";
const UNHEARD = {
  undo: "Earlier decisions can be taken back when the kernel answers.",
  redo: "Earlier decisions can be brought back when the kernel answers.",
};

export class Decisions {
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
      this.warned = false; // that nothing is marked
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
    const { half } = this;
    if (untouched && half === null) this.drafts.drop(card.id);
    else this.drafts.keep(card.id, { value, steps, undone, half });
  }

  /** Steps are kept as they are made; what the editor has begun since is not. */
  keepHalf() {
    const kept = this.drafts.held.get(this.draft.card?.id)?.half ?? null;
    if (JSON.stringify(this.half) !== JSON.stringify(kept)) this.keepDraft();
  }

  /** What the editor has begun on the card of the draft and is no step yet, or null. */
  get half() {
    return this.draft.half ?? (this.onScreen === this.draft.card ? (this.editor?.half?.() ?? null) : null);
  }

  /** There is work on the card on screen, or on one that comes back, that nobody has submitted. */
  get isUnsubmitted() {
    return this.draft.steps.length > 0 || this.half !== null || this.queue.some(({ id }) => this.drafts.waits(id));
  }

  next() {
    this.current = this.queue.shift() ?? null;
    this.show();
    this.refill();
  }

  /** Put a card in front; the one that was there comes back after it. */
  bring(card) {
    if (this.current && this.current !== card) this.queue.unshift(this.current);
    this.queue = this.queue.filter((other) => other.id !== card.id);
    this.current = card;
    this.show();
  }

  decide(kind, value = null) {
    const card = this.current;
    if (!card || this.readOnly) return;
    if (this.recalling && performance.now() - this.recalling < MOMENT) return this.say(FETCHING);
    this.recalling = null;
    this.era += 1;
    const { steps, undone } = this.draft;
    const past = { card, kind, value, before: card.state ?? null, draft: { value, steps, undone, half: null } };
    const suggested = card.suggestion ? [card.suggestion.value, card.suggestion.p] : null;
    this.outbox.put({
      kind,
      token: card.token ?? null,
      id: card.id,
      value,
      shown_ms: Math.round(performance.now() - (card.since ?? performance.now())),
      suggested,
      delta: gain(past),
    });
    if (kind === "label") {
      this.draft.end();
      this.drafts.drop(card.id);
    }
    this.refusals.delete(card.id);
    card.state = { kind, value };
    this.done.push(past);
    this.undone = [];
    this.older = []; // places have moved
    this.page = 0;
    this.forget();
    this.said = `${card.id}: ${inWords(past, this.spec)}.`;
    this.next();
    this.draw();
  }

  /** The draft becomes the label. */
  submit() {
    const why = this.editor?.unfinished?.();
    if (why) return this.warn(why);
    if (this.draft.value === null) return this.warn("There is no label to submit yet.");
    if (this.isBlank && !this.warned) {
      this.warned = true;
      return this.warn("Nothing is marked. Press Enter again if there is nothing here.");
    }
    return this.decide("label", this.draft.value);
  }

  /** An empty list that nobody has made: on an audit item it would be taken for somebody's word. */
  get isBlank() {
    const { card, value, steps } = this.draft;
    return !steps.length && Array.isArray(value) && !value.length && !card.suggestion && card.state?.kind !== "label";
  }

  edit(value, words) {
    if (!this.current || this.readOnly) return;
    this.draft.edit(value, words);
    this.keepDraft();
    this.say(words ?? "");
  }

  /** One after the other, however fast the keys: what an earlier page decided is fetched in between. */
  inTurn(action) {
    this.turns = (this.turns ?? Promise.resolve()).then(action, action);
    return this.turns;
  }

  /** What was still waiting for its turn when something was decided, or no kernel answered, is not done any more. */
  inEra(action) {
    const { era } = this;
    return this.inTurn(() => (era === this.era ? action() : undefined));
  }

  undo() {
    return this.inEra(() => this.takeBack());
  }

  redo() {
    return this.inEra(() => this.bringBack());
  }

  /** The last step of the draft, else the last decision; of an earlier page, if need be. */
  async takeBack() {
    if (this.readOnly) return this.say("Nothing to undo.");
    const step = this.draft.back();
    if (step !== null) {
      this.keepDraft();
      return this.say(`Undone: ${step}.`);
    }
    const last = this.done.pop() ?? (await this.recall("undo"));
    if (last === undefined) return undefined;
    if (!last) return this.say("Nothing to undo.");
    this.undone.push(last);
    this.outbox.put({ kind: "undo", id: last.card.id, delta: -gain(last) });
    this.reask(last);
    return this.say(`Undone: ${inWords(last, this.spec)}, ${last.card.id}.`);
  }

  /** A decision that was taken back: its card in front, with what was decided as its draft. */
  reask(past) {
    past.card.state = past.before;
    if (past.kind === "label") this.drafts.keep(past.card.id, { value: past.value, steps: [], undone: [], half: null });
    this.bring(past.card);
  }

  async bringBack() {
    if (this.readOnly) return this.say("Nothing to redo.");
    const step = this.draft.again();
    if (step !== null) {
      this.keepDraft();
      return this.say(`Done again: ${step}.`);
    }
    if (this.draft.steps.length || this.half !== null) return this.say("Nothing to redo.");
    const last = this.undone.pop() ?? (await this.recall("redo"));
    if (last === undefined) return undefined;
    // Redo ends where something new was done: it would put the old decision over that.
    if (last && this.drafts.waits(last.card.id)) this.undone.push(last);
    else if (last) return this.stand(last);
    return this.say("Nothing to redo.");
  }

  /** A decision that was taken back holds again. */
  stand(last) {
    this.done.push(last);
    this.outbox.put({ kind: "redo", id: last.card.id, delta: gain(last) });
    last.card.state = { kind: last.kind, value: last.value, n: last.n };
    this.queue = this.queue.filter((card) => card !== last.card);
    if (last.kind === "label") this.drafts.drop(last.card.id);
    if (this.current === last.card) {
      if (last.kind === "label") this.draft.end();
      this.next();
    }
    return this.say(`Done again: ${inWords(last, this.spec)}, ${last.card.id}.`);
  }

  /**
   * What an earlier page or kernel decided, or undid, and this page does not hold: the next of it, with its card. Null
   * where there is none, undefined where nobody tells: no kernel answers, or a person went on labelling meanwhile.
   */
  async recall(kind) {
    const since = (this.recalling = performance.now());
    const isOver = () => this.recalling !== since;
    const found = await this.fetchPast(kind, isOver);
    if (isOver()) return undefined;
    this.recalling = null;
    if (!found) {
      this.era += 1;
      this.say(UNHEARD[kind]);
      return undefined;
    }
    const last = found.pop() ?? null;
    const stack = kind === "undo" ? this.done : this.undone;
    stack.unshift(...found);
    return last;
  }

  async fetchPast(kind, isOver) {
    try {
      // Else the kernel would name what is on its way to being undone.
      if (!(await this.outbox.emptied(isOver))) return null;
      const [reply, buffers] = await this.channel.ask("past", { kind, n: RECALLED });
      return await this.remember(reply.past ?? [], buffers, kind === "undo");
    } catch (error) {
      this.lost ||= Boolean(error.gone);
      if (!error.gone && !error.late) this.notice = error.message;
      return null;
    }
  }

  /** An item that is not in the queue, as a card to decide. */
  async fetch(id, awaited = (asked) => asked) {
    const [reply, buffers] = await awaited(this.channel.ask("card", { id }));
    if (reply.problem) throw new Error(reply.problem.what);
    const card = { ...reply, seen: true };
    await decode(card, buffers);
    return card;
  }

  say(words) {
    this.said = words;
    this.why = "";
    this.draw();
  }

  /** Why what was asked for is not done: said, and there to be read until something is done. */
  warn(why) {
    this.said = this.why = why;
    this.draw();
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
      if (this.recent(count).length < count) await this.inTurn(() => this.fetchOlder(2 * count)).catch(() => this.say(UNHEARD.undo));
      if (!this.recent(count).length) this.page -= 1;
    }
    this.draw();
  }

  async fetchOlder(n) {
    if (!(await this.outbox.emptied())) throw new Error("no answer");
    const fields = { kind: "undo", n, skip: this.older.length + this.done.length };
    const [reply, buffers] = await this.channel.ask("past", fields);
    this.older.unshift(...(await this.remember(reply.past ?? [], buffers)));
  }

  /** Any item, to be looked at and decided; the one on screen comes back after it. */
  async visit(id) {
    const held = [...this.hand, ...this.done.map((past) => past.card)].find((card) => card.id === id);
    try {
      const card = held ?? (await this.fetch(id));
      if (!held && card.kind) card.state = { kind: card.kind, value: card.label ?? null };
      this.bring(card);
      this.say(`Showing ${id}.`);
    } catch (error) {
      this.notice = `${id} cannot be shown: ${error.message}`;
      this.draw();
    }
  }

  /** Of old decisions only small pictures are kept, of those beyond what undo remembers none. */
  forget() {
    const gone = this.done.splice(0, Math.max(0, this.done.length - REMEMBERED));
    const past = this.done.map(({ card }) => card);
    const inUse = new Set([...this.hand, ...past.slice(-WHOLE)]);
    for (const card of past) if (!inUse.has(card)) shrink(card);
    for (const { card } of gone) if (!inUse.has(card) && !past.includes(card)) release(card);
  }
}

/** By how much a decision changes the number of labels; a flag leaves a label as it is. */
function gain({ kind, before, n = 1 }) {
  const labelled = before?.kind === "label" || before?.kind === "imported";
  return kind === "flag" ? 0 : n * ((kind === "label") - labelled);
}

// What the kernel tells that a person at the desk did not do, or not as it was shown.

import { Decisions } from "./decisions.js";
import { inWords, labelWords } from "./words.js";

const SUGGEST_AFTER = 100; // milliseconds
const FOLLOW_AFTER = 300; // milliseconds; labels that follow one another quickly are one reason, not many

export class News extends Decisions {
  /** Another cell had decided something since: the kernel took back that, and this page's last decision stands. */
  async undidOther(entry, id, n) {
    if (!entry || entry.kind !== "undo" || entry.id === id) return;
    const stands = this.undone.find((past) => past.card.id === entry.id);
    if (!stands) return; // decided anew meanwhile: nothing of it is on screen
    this.undone = this.undone.filter((past) => past !== stands);
    this.done.push(stands);
    stands.card.state = { kind: stands.kind, value: stands.value, n: stands.n };
    if (!this.drafts.waits(entry.id)) this.drafts.drop(entry.id);
    const taken = await this.takenBack(id, n);
    if (this.done.at(-1) === stands) this.undone.push(taken);
    this.done = this.done.filter((past) => past !== taken);
    taken.card.state = taken.before;
    if (this.current === stands.card) this.current = null;
    this.bring(taken.card);
    this.say(`Undone: ${inWords(taken, this.spec)}, ${id}.`);
  }

  /** A cell had undone something since: the kernel brought back that, and this page's own is still taken back. */
  async redidOther(entry, id, n) {
    if (!entry || entry.kind !== "redo" || entry.id === id) return;
    const open = this.done.findLast((past) => past.card.id === entry.id);
    if (!open) return;
    this.done = this.done.filter((past) => past !== open);
    this.undone.push(open);
    this.reask(open);
    const card = await this.fetch(id).catch(() => ({ id, broken: "its card did not come.", seen: true }));
    const stands = { card, kind: card.kind ?? "label", value: card.label ?? this.elsewhere.get(id) ?? null, before: null, n };
    card.state = { kind: stands.kind, value: stands.value, n };
    this.done.push(stands);
    this.queue = this.queue.filter((other) => other.id !== id);
    this.say(`Done again: ${inWords(stands, this.spec)}, ${id}.`);
  }

  /** The decision about `id` that the kernel took back: this page's own, else what is known of the other's. */
  async takenBack(id, n) {
    const own = this.done.filter((past) => past.card.id === id).at(-1);
    if (own) return own;
    const card = await this.fetch(id).catch(() => ({ id, broken: "its card did not come.", seen: true }));
    return { card, kind: "label", value: this.elsewhere.get(id) ?? null, before: null, n };
  }

  /** The kernel read the entry and says it is no label: it is not stored, and its item is asked again, next. */
  async refused(entry, what) {
    const words = `Not stored: ${what}`;
    const { kind, id, value } = entry ?? {};
    const isSame = (past) => past.kind === kind && JSON.stringify(past.value) === JSON.stringify(value ?? null);
    const isIt = (past) => past.card.id === id && (kind === "redo" || isSame(past));
    const own = this.done.findLast(isIt);
    this.done = this.done.filter((past) => past !== own);
    this.undone = this.undone.filter((past) => !isIt(past));
    if (own) own.card.state = own.before;
    if (kind !== "label") {
      this.notice = words;
      return this.draw();
    }
    this.refusals.set(id, words);
    this.drafts.keep(id, own?.draft ?? { value, steps: [], undone: [], half: null });
    const card = own?.card ?? (await this.fetch(id).catch(() => null));
    if (!card) {
      this.refusals.delete(id); // nobody can decide it
      this.notice = words;
    }
    if (!card || this.hand.some((other) => other.id === id)) return this.draw();
    this.queue.unshift(card);
    return this.current ? this.draw() : this.next();
  }

  /** Somebody's own suggestions came or changed; what a person has begun to edit stays as it is. */
  suggestAnew() {
    this.suggesting ??= setTimeout(async () => {
      this.suggesting = null;
      await this.askSuggestions(() => this.hand);
    }, SUGGEST_AFTER);
  }

  /** The model followed a label: cards that wait are told anew, the one on screen stays; one question at a time. */
  follow() {
    this.isBehind = true;
    this.following ??= setTimeout(async () => {
      this.isBehind = false;
      if (!this.closed) await this.askSuggestions(() => this.queue);
      this.following = null;
      if (this.isBehind) this.follow();
    }, FOLLOW_AFTER);
  }

  async askSuggestions(cards) {
    const tokens = cards().map((card) => card.token).filter(Boolean);
    if (!tokens.length || this.readOnly) return;
    const [reply] = await this.channel.ask("suggestions", { tokens }).catch(() => [{}]);
    for (const card of cards()) {
      this.suggest(card, reply.suggestions?.[card.token]);
      if (card !== this.current) card.likeliest = reply.likeliest?.[card.token] ?? card.likeliest;
    }
    this.draw();
  }

  suggest(card, suggestion) {
    if (suggestion === undefined || JSON.stringify(suggestion) === JSON.stringify(card.suggestion)) return;
    const isBegun = card === this.current ? !this.draft.untouched || this.half !== null : this.drafts.of(card.id) !== null;
    if (isBegun) return;
    card.suggestion = suggestion;
    if (card !== this.current) return;
    this.draft.begin(card, this.spec);
    this.mark(card);
  }

  /** Labels that arrived by another way (a cell, a second view): do not ask for those items again. */
  labelledElsewhere({ labels, ...counts }) {
    // While entries are under way some may be counted in: their acknowledgement brings the number.
    if (!this.outbox.entries.length) this.count(counts);
    const mine = new Set(this.outbox.entries.map((entry) => entry.id));
    for (const [id, value] of Object.entries(labels ?? {})) {
      if (mine.has(id)) continue;
      if (value !== null) this.elsewhere.set(id, value);
      const card = this.done.find((past) => past.card.id === id)?.card;
      if (card && value !== null) card.state = { kind: "label", value };
      else if (card?.state?.kind === "label") card.state = null;
      if (value !== null) this.unqueue((other) => other.id === id && !other.seen);
      if (value !== null) this.moveOn(id, value);
    }
    if (labels) this.refill();
    else this.renew();
  }

  /** The item on screen was labelled elsewhere: the next one, unless somebody is at work on it. */
  moveOn(id, value) {
    const card = this.current;
    if (card?.id !== id || card.state || this.readOnly) return;
    const words = `${id} was labelled elsewhere: ${labelWords(value, this.spec)}.`;
    card.state = { kind: "label", value };
    if (this.draft.untouched && this.half === null) this.next();
    this.warn(words);
  }
}

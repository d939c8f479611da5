// A listener to the kernel: what it tells that this page did not do, or not as it was shown.

import { isSameValue } from "../editors/choices.js";
import { inWords, labelWords } from "./format.js";

const SUGGEST_AFTER_MS = 100;
const FOLLOW_AFTER_MS = 300; // labels that follow one another quickly are one reason, not many

/**
 * What the kernel says unasked.
 * @typedef {{push: "labelled", labels: ?Object<string, *>, n_labels: number, per_minute: number, at: number}
 *   | {push: "trained"} | {push: "doubted", n_labels: number} | {push: "suggested"} | {push: "show", id: string} | {push: "problem", what: string}} Push
 */

export class ServerEvents {
  constructor(queue) {
    this.queue = queue;
    this.elsewhere = new Map(); // id -> value of labels that came by another way
    this.suggesting = null; // timers
    this.following = null;
  }

  close() {
    clearTimeout(this.suggesting);
    clearTimeout(this.following);
  }

  /** @param {Push | import("./outbox.js").ApplyReply | {problem: {what: string, do: string}}} message */
  hear(message) {
    this.queue.conversation.lost = false;
    if (message.client) {
      this.queue.supply.noteReply(message.reply);
      this.acknowledged(message);
      this.queue.supply.refill();
    } else if (message.problem) {
      this.queue.outbox.problem = `${message.problem.what} ${message.problem.do}`;
    } else if (message.push === "labelled") {
      this.labelledElsewhere(message);
    } else if (message.push === "doubted") {
      this.queue.count(message);
      this.queue.supply.renew();
    } else if (message.push === "trained") {
      this.queue.supply.renew();
      this.follow();
    } else if (message.push === "suggested") {
      this.suggestAnew();
    } else if (message.push === "show") {
      this.queue.visit(message.id);
    } else if (message.push === "problem") {
      this.queue.notice = message.what;
    }
    this.queue.draw();
  }

  /** @param {import("./outbox.js").ApplyReply} message */
  acknowledged(message) {
    if (!message.client) return;
    for (const { seq, what } of message.refused ?? []) {
      const entry = this.queue.outbox.entry(message.client, seq);
      if (entry || seq === null) this.refused(entry, what); // else it was sent twice, and told before
    }
    for (const { seq, id, n } of message.undone ?? []) this.undidOther(this.queue.outbox.entry(message.client, seq), id, n);
    for (const { seq, id, n } of message.redone ?? []) this.redidOther(this.queue.outbox.entry(message.client, seq), id, n);
    this.queue.count(message); // first: what is on its way counts, too, until it is no longer
    this.queue.outbox.answered(message);
    if (!this.queue.supply.isGreeting && !this.queue.outbox.entries.length) this.queue.supply.hello();
  }

  /** Another cell had decided something since: the kernel took back that, and this page's last decision stands. */
  async undidOther(entry, id, n) {
    const { decisions } = this.queue;
    if (!entry || entry.kind !== "undo" || entry.id === id) return;
    const stands = decisions.undone.find((past) => past.card.id === entry.id);
    if (!stands) return; // decided anew meanwhile: nothing of it is on screen
    decisions.undone = decisions.undone.filter((past) => past !== stands);
    decisions.done.push(stands);
    stands.card.state = { kind: stands.kind, value: stands.value, n: stands.n };
    if (!this.queue.work.drafts.waits(entry.id)) this.queue.work.drafts.drop(entry.id);
    const decision = await this.decisionTakenBack(id, n);
    if (decisions.done.at(-1) === stands) decisions.undone.push(decision);
    decisions.done = decisions.done.filter((past) => past !== decision);
    decision.card.state = decision.before;
    if (this.queue.current === stands.card) this.queue.current = null;
    this.queue.bring(decision.card);
    this.queue.say(`Undone: ${inWords(decision, this.queue.spec)}, ${id}.`);
  }

  /** A cell had undone something since: the kernel brought back that, and this page's own is still taken back. */
  async redidOther(entry, id, n) {
    const { decisions } = this.queue;
    if (!entry || entry.kind !== "redo" || entry.id === id) return;
    const open = decisions.done.findLast((past) => past.card.id === entry.id);
    if (!open) return;
    decisions.done = decisions.done.filter((past) => past !== open);
    decisions.undone.push(open);
    decisions.reask(open);
    const card = await this.queue.fetch(id).catch(() => ({ id, broken: "its card did not come.", seen: true }));
    const stands = { card, kind: card.kind ?? "label", value: card.label ?? this.elsewhere.get(id) ?? null, before: null, n };
    card.state = { kind: stands.kind, value: stands.value, n };
    decisions.done.push(stands);
    this.queue.upcoming = this.queue.upcoming.filter((other) => other.id !== id);
    this.queue.say(`Done again: ${inWords(stands, this.queue.spec)}, ${id}.`);
  }

  /** The decision about `id` that the kernel took back: this page's own, else what is known of the other's. */
  async decisionTakenBack(id, n) {
    const decision = this.queue.decisions.done.filter((past) => past.card.id === id).at(-1);
    if (decision) return decision;
    const card = await this.queue.fetch(id).catch(() => ({ id, broken: "its card did not come.", seen: true }));
    return { card, kind: "label", value: this.elsewhere.get(id) ?? null, before: null, n };
  }

  /** The kernel read the entry and says it is no label: it is not stored, and its item is asked again, next. */
  async refused(entry, what) {
    const { decisions } = this.queue;
    const words = `Not stored: ${what}`;
    const { kind, id, value } = entry ?? {};
    const isSame = (past) => past.kind === kind && JSON.stringify(past.value) === JSON.stringify(value ?? null);
    const isIt = (past) => past.card.id === id && (kind === "redo" || isSame(past));
    const decision = decisions.done.findLast(isIt);
    decisions.done = decisions.done.filter((past) => past !== decision);
    decisions.undone = decisions.undone.filter((past) => !isIt(past));
    if (decision) decision.card.state = decision.before;
    if (kind !== "label") {
      this.queue.notice = words;
      return this.queue.draw();
    }
    this.queue.refusals.set(id, words);
    this.queue.work.drafts.keep(id, decision?.draft ?? { value, steps: [], undone: [], unsaved: null });
    const card = decision?.card ?? (await this.queue.fetch(id).catch(() => null));
    if (!card) {
      this.queue.refusals.delete(id); // nobody can decide it
      this.queue.notice = words;
    }
    if (!card || this.queue.cards.some((other) => other.id === id)) return this.queue.draw();
    this.queue.upcoming.unshift(card);
    return this.queue.current ? this.queue.draw() : this.queue.next();
  }

  /** Somebody's own suggestions came or changed; what a person has begun to edit stays as it is. */
  suggestAnew() {
    this.suggesting ??= setTimeout(async () => {
      this.suggesting = null;
      await this.askSuggestions(() => this.queue.cards);
    }, SUGGEST_AFTER_MS);
  }

  /** The model followed a label: cards that wait are told anew, the one on screen stays; one question at a time. */
  follow() {
    this.isBehind = true;
    this.following ??= setTimeout(async () => {
      this.isBehind = false;
      if (!this.queue.closed) await this.askSuggestions(() => this.queue.upcoming);
      this.following = null;
      if (this.isBehind) this.follow();
    }, FOLLOW_AFTER_MS);
  }

  async askSuggestions(cards) {
    const tokens = cards().map((card) => card.token).filter(Boolean);
    if (!tokens.length || this.queue.readOnly) return;
    const [reply] = await this.queue.channel.ask("suggestions", { tokens }).catch(() => [{}]);
    for (const card of cards()) {
      this.suggest(card, reply.suggestions?.[card.token]);
      if (card !== this.queue.current) card.likeliest = reply.likeliest?.[card.token] ?? card.likeliest;
    }
    this.queue.draw();
  }

  suggest(card, suggestion) {
    if (suggestion === undefined || JSON.stringify(suggestion) === JSON.stringify(card.suggestion)) return;
    const isBegun = card === this.queue.current ? !this.queue.work.isUntouched : this.queue.work.drafts.of(card.id) !== null;
    if (isBegun) return;
    card.suggestion = suggestion;
    if (card !== this.queue.current) return;
    this.queue.work.draft.begin(card, this.queue.spec);
    this.queue.mark(card);
  }

  /** Labels that arrived by another way (a cell, a second view): do not ask for those items again. */
  labelledElsewhere({ labels, ...counts }) {
    // While entries are under way some may be counted in: their acknowledgement brings the number.
    if (!this.queue.outbox.entries.length) this.queue.count(counts);
    const mine = new Set(this.queue.outbox.entries.map((entry) => entry.id));
    for (const [id, value] of Object.entries(labels ?? {})) {
      if (mine.has(id) || this.queue.cards.some((card) => card.id === id && isAsShown(card, value))) continue;
      if (value !== null) this.elsewhere.set(id, value);
      const card = this.queue.decisions.done.find((past) => past.card.id === id)?.card;
      if (card && isAsShown(card, value)) continue;
      if (card && value !== null) card.state = { kind: "label", value };
      else if (card?.state?.kind === "label") card.state = null;
      if (value !== null) this.queue.unqueue((other) => other.id === id && !other.seen);
      if (value !== null) this.moveOn(id, value);
    }
    if (labels) this.queue.supply.refill();
    else this.queue.supply.renew();
  }

  /** The item on screen was labelled elsewhere: the next one, unless somebody is at work on it. */
  moveOn(id, value) {
    const card = this.queue.current;
    if (card?.id !== id || card.state || this.queue.readOnly) return;
    const words = `${id} was labelled elsewhere: ${labelWords(value, this.queue.spec)}.`;
    card.state = { kind: "label", value };
    if (this.queue.work.isUntouched) this.queue.next();
    this.queue.warn(words);
  }
}

/** A label to look at again that is still the one on its card. */
function isAsShown(card, value) {
  return Boolean(card.review) && isSameValue(card.label, value);
}

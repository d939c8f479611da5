// What a person does at the desk: decide, undo, redo, look again. Shown at once; the outbox tells the kernel.

const REMEMBERED = 30; // decisions that undo shows again without asking the kernel
const RESULT = { skip: "skipped", unsure: "unsure", flag: "flagged" };

class Decisions {
  /** First view on screen: only now is the card really shown. */
  opened() {
    this.views += 1;
    this.show();
  }

  show() {
    const card = this.current;
    if (!card || !this.views) return;
    card.since = performance.now();
    const { id, token = null, suggestion = null } = card;
    this.outbox.storage.write(this.bookmark, { id, token, suggestion });
    if (card.seen) return;
    card.seen = true;
    if (!this.readOnly) this.outbox.put({ kind: "shown", token: card.token ?? null, id: card.id });
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
    const past = { card, kind, value, before: card.state ?? null };
    const suggested = card.suggestion ? [this.classes[card.suggestion.class], card.suggestion.p] : null;
    this.outbox.put({
      kind,
      token: card.token ?? null,
      id: card.id,
      value,
      shown_ms: Math.round(performance.now() - (card.since ?? performance.now())),
      suggested,
      accepted: kind === "label" && suggested !== null && suggested[0] === value,
      delta: gain(past),
    });
    card.state = { kind, value };
    this.done.push(past);
    this.undone = [];
    this.forget();
    this.said = `${card.id}: ${value ?? RESULT[kind]}.`;
    this.next();
    this.draw();
  }

  label(index) {
    if (index < this.classes.length) this.decide("label", this.classes[index]);
  }

  accept() {
    if (this.current?.suggestion) this.label(this.current.suggestion.class);
  }

  undo() {
    const last = this.readOnly ? null : this.done.pop();
    if (!last) return this.say("Nothing to undo.");
    this.undone.push(last);
    this.outbox.put({ kind: "undo", id: last.card.id, delta: -gain(last) });
    last.card.state = last.before;
    this.bring(last.card);
    return this.say(`Undone: ${inWords(last)}, ${last.card.id}.`);
  }

  /** Another cell had decided something since: the kernel took back that, and this page's last decision stands. */
  async undidOther(entry, id) {
    if (!entry || entry.kind !== "undo" || entry.id === id) return;
    const stands = this.undone.find((past) => past.card.id === entry.id);
    if (!stands) return; // decided anew meanwhile: nothing of it is on screen
    this.undone = this.undone.filter((past) => past !== stands);
    this.done.push(stands);
    stands.card.state = { kind: stands.kind, value: stands.value };
    const taken = await this.takenBack(id);
    if (this.done.at(-1) === stands) this.undone.push(taken);
    this.done = this.done.filter((past) => past !== taken);
    taken.card.state = taken.before;
    if (this.current === stands.card) this.current = null;
    this.bring(taken.card);
    this.say(`Undone: ${inWords(taken)}, ${id}.`);
  }

  /** The decision about `id` that the kernel took back: this page's own, else what is known of the other's. */
  async takenBack(id) {
    const own = this.done.filter((past) => past.card.id === id).at(-1);
    if (own) return own;
    const card = await this.fetch(id).catch(() => ({ id, broken: true, seen: true }));
    return { card, kind: "label", value: this.elsewhere.get(id) ?? null, before: null };
  }

  /** An item that is not in the queue, as a card to decide. */
  async fetch(id) {
    const [reply, buffers] = await this.channel.ask("card", { id });
    if (reply.problem) throw new Error(reply.problem.what);
    const card = { id: reply.id, mime: reply.mime, data: reply.data, kind: reply.kind, seen: true };
    await decode(card, buffers[reply.buffer]);
    return card;
  }

  redo() {
    const last = this.readOnly ? null : this.undone.pop();
    if (!last) return this.say("Nothing to redo.");
    this.done.push(last);
    this.outbox.put({ kind: "redo", id: last.card.id, delta: gain(last) });
    last.card.state = { kind: last.kind, value: last.value };
    if (this.current === last.card) this.next();
    return this.say(`Done again: ${inWords(last)}, ${last.card.id}.`);
  }

  say(words) {
    this.said = words;
    this.draw();
  }

  /** The last few items decided, newest first, each once. */
  recent(count) {
    const cards = [];
    for (const { card } of [...this.done].reverse()) if (!cards.includes(card) && card.state) cards.push(card);
    return cards.slice(0, count);
  }

  /** Pictures of old decisions are let go; undo still works on what is remembered. */
  forget() {
    const gone = this.done.splice(0, Math.max(0, this.done.length - REMEMBERED));
    const kept = new Set([this.current, ...this.queue, ...this.done.map((past) => past.card)]);
    for (const { card } of gone) if (!kept.has(card)) release(card);
  }
}

/** A decision in words. */
function inWords({ kind, value }) {
  return value ?? RESULT[kind] ?? kind;
}

/** By how much a decision changes the number of labels; a flag leaves a label as it is. */
function gain({ kind, before }) {
  const labelled = before?.kind === "label" || before?.kind === "gold";
  return kind === "flag" ? 0 : (kind === "label") - labelled;
}

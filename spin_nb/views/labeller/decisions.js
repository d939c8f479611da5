// What a person does at the desk: decide, undo, redo, look again. Shown at once; the outbox tells the kernel.

const REMEMBERED = 30; // decisions that undo shows again without asking the kernel
const RECALLED = 8; // of an earlier page's, fetched at once

class Decisions {
  /** First view on screen: only now is the card really shown. */
  opened() {
    this.views += 1;
    this.show();
  }

  show() {
    const card = this.current;
    if (this.draft.card !== card) this.draft.begin(card, this.spec);
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
    if (this.recalling) return this.say("One moment: what was decided earlier is being fetched.");
    const past = { card, kind, value, before: card.state ?? null };
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
    if (kind === "label") this.draft.end();
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
    const why = this.unfinished?.();
    if (why) return this.say(why);
    if (this.draft.value === null) return this.say("There is no label to submit yet.");
    return this.decide("label", this.draft.value);
  }

  edit(value, words) {
    if (!this.current || this.readOnly) return;
    this.draft.edit(value, words);
    this.say(words ?? "");
  }

  /** One after the other, however fast the keys: what an earlier page decided is fetched in between. */
  inTurn(action) {
    this.turns = (this.turns ?? Promise.resolve()).then(action, action);
    return this.turns;
  }

  undo() {
    return this.inTurn(() => this.takeBack());
  }

  redo() {
    return this.inTurn(() => this.bringBack());
  }

  /** The last step of the draft, else the last decision; of an earlier page, if need be. */
  async takeBack() {
    if (this.readOnly) return this.say("Nothing to undo.");
    const step = this.draft.back();
    if (step !== null) return this.say(`Undone: ${step}.`);
    const last = this.done.pop() ?? (await this.recall("undo"));
    if (!last) return this.say("Nothing to undo.");
    this.undone.push(last);
    this.outbox.put({ kind: "undo", id: last.card.id, delta: -gain(last) });
    last.card.state = last.before;
    if (last.kind === "label") last.card.draft = last.value;
    this.bring(last.card);
    return this.say(`Undone: ${inWords(last, this.spec)}, ${last.card.id}.`);
  }

  async bringBack() {
    if (this.readOnly) return this.say("Nothing to redo.");
    const step = this.draft.again();
    if (step !== null) return this.say(`Done again: ${step}.`);
    const last = this.undone.pop() ?? (await this.recall("redo"));
    if (!last) return this.say("Nothing to redo.");
    this.done.push(last);
    this.outbox.put({ kind: "redo", id: last.card.id, delta: gain(last) });
    delete last.card.draft;
    last.card.state = { kind: last.kind, value: last.value };
    if (this.current === last.card) {
      this.draft.end();
      this.next();
    }
    return this.say(`Done again: ${inWords(last, this.spec)}, ${last.card.id}.`);
  }

  /** What an earlier page or kernel decided, or undid, and this page does not hold: the next of it, with its card. */
  async recall(kind) {
    this.recalling = true; // until it is here nothing may be decided: undo would take that back instead
    try {
      await this.outbox.emptied(); // else the kernel would name what is on its way to being undone
      const [reply, buffers] = await this.channel.ask("past", { kind, n: RECALLED });
      const past = await this.remember(reply.past ?? [], buffers, kind === "undo");
      const last = past.pop() ?? null;
      const stack = kind === "undo" ? this.done : this.undone;
      stack.unshift(...past);
      return last;
    } catch (error) {
      this.notice = error.gone ? null : error.message;
      this.lost = Boolean(error.gone);
      return null;
    } finally {
      this.recalling = false;
    }
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
    this.say(`Undone: ${inWords(taken, this.spec)}, ${id}.`);
  }

  /** The decision about `id` that the kernel took back: this page's own, else what is known of the other's. */
  async takenBack(id) {
    const own = this.done.filter((past) => past.card.id === id).at(-1);
    if (own) return own;
    const card = await this.fetch(id).catch(() => ({ id, broken: "its card did not come.", seen: true }));
    return { card, kind: "label", value: this.elsewhere.get(id) ?? null, before: null };
  }

  /** An item that is not in the queue, as a card to decide. */
  async fetch(id) {
    const [reply, buffers] = await this.channel.ask("card", { id });
    if (reply.problem) throw new Error(reply.problem.what);
    const card = { ...reply, seen: true };
    await decode(card, buffers);
    return card;
  }

  say(words) {
    this.said = words;
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
      if (this.recent(count).length < count) await this.inTurn(() => this.fetchOlder(2 * count));
      if (!this.recent(count).length) this.page -= 1;
    }
    this.draw();
  }

  async fetchOlder(n) {
    await this.outbox.emptied();
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

  /** Pictures of old decisions are let go; undo still works on what is remembered. */
  forget() {
    const gone = this.done.splice(0, Math.max(0, this.done.length - REMEMBERED));
    const kept = new Set([this.current, ...this.queue, ...this.done.map((past) => past.card)]);
    for (const { card } of gone) if (!kept.has(card)) release(card);
  }
}

/** By how much a decision changes the number of labels; a flag leaves a label as it is. */
function gain({ kind, before }) {
  const labelled = before?.kind === "label" || before?.kind === "gold";
  return kind === "flag" ? 0 : (kind === "label") - labelled;
}

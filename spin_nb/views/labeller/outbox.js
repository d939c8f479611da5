// What was decided and is not yet on disk. Each entry has a client id and a sequence number; the kernel applies a
// client's entries strictly in sequence and acknowledges cumulatively, so nothing is dropped, doubled or reordered.
//
// A page load is a new client and never continues an old one's numbers: a duplicated tab copies sessionStorage, and
// two tabs counting on from one number would have their labels taken for one another's. What an earlier page left is
// kept in its own lane, sent first, under its own name, however many pages send it.

import { randomId } from "../base/random_id.js";

const OUTBOX_EVENT = "spin_nb:outbox";
const RESEND_AFTER = [2000, 4000, 8000, 15000];
const BATCH = 100;

/** Storage that may be missing, full or forbidden: then the outbox lives in memory alone. */
export function storageOf(place) {
  const attempt = (action, otherwise) => {
    try {
      return action(place());
    } catch {
      return otherwise;
    }
  };
  return {
    keys: (prefix) => attempt((store) => Object.keys(store).filter((key) => key.startsWith(prefix)), []),
    read: (key) => attempt((store) => JSON.parse(store.getItem(key)), null),
    write: (key, value) => attempt((store) => (store.setItem(key, JSON.stringify(value)), true), false),
    remove: (key) => attempt((store) => store.removeItem(key), undefined),
  };
}

/** An entry as the kernel gets it: without what only this page counts with. */
function plain({ delta, ...entry }) {
  return entry;
}

export class Outbox {
  /** `post({client, entries})` sends or throws; `changed()` is told after every change of what is pending. */
  constructor({ name, post, changed, storage = storageOf(() => window.sessionStorage) }) {
    Object.assign(this, { post, changed, storage, prefix: `spin_nb/outbox/${name}/` });
    this.own = { client: randomId(), created: Date.now(), next: 1, entries: [] };
    this.lanes = [this.own];
    this.attempt = 0; // re-sends since the last answer
    this.gone = false; // the last send could not leave this page
    this.problem = null; // the kernel answered, and said why it cannot store
    this.timer = null;
    this.last = 0; // highest sequence number of the batch under way
    this.hear = (event) => this.overheard(event.detail);
    window.addEventListener(OUTBOX_EVENT, this.hear);
    // What the page keeps survives a reload but no closed tab: the browser asks before it leaves.
    this.guard = (event) => this.pending && event.preventDefault();
    window.addEventListener("beforeunload", this.guard);
    this.adopt();
  }

  close() {
    clearTimeout(this.timer);
    this.closed = true;
    window.removeEventListener(OUTBOX_EVENT, this.hear);
    window.removeEventListener("beforeunload", this.guard);
  }

  /** The entry with that client's number, while it waits for its acknowledgement. */
  entry(client, seq) {
    return this.lanes.find((lane) => lane.client === client)?.entries.find((each) => each.seq === seq);
  }

  /** Entries not acknowledged yet, oldest first. */
  get entries() {
    return this.lanes.flatMap((lane) => lane.entries);
  }

  /** What a person decided and is not acknowledged yet. */
  get pending() {
    return this.entries.filter((entry) => entry.kind !== "shown").length;
  }

  /** Resolves to true when everything decided here is on disk; to false where the kernel does not answer. */
  async emptied(stopped = () => false) {
    while (this.pending) {
      if (this.attempt > 0 || this.gone || this.closed || stopped()) return false;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return !this.closed;
  }

  put(entry) {
    this.own.entries.push({ seq: this.own.next++, ...entry });
    this.keep(this.own);
    if (this.gone) this.tell({ orphan: true });
    // A label and the "shown" of the item after it are put in the same turn and leave in one message.
    queueMicrotask(() => this.flush());
  }

  flush() {
    if (this.timer === null && !this.closed) this.transmit();
  }

  transmit() {
    clearTimeout(this.timer);
    this.timer = null;
    const lane = this.lanes.find((each) => each.entries.length);
    if (!lane || this.closed) return;
    const batch = lane.entries.slice(0, BATCH);
    this.last = batch.at(-1).seq;
    this.sentFrom = lane.client;
    this.gone = !this.leaves({ client: lane.client, entries: batch.map(plain) });
    const wait = RESEND_AFTER[Math.min(this.attempt, RESEND_AFTER.length - 1)];
    this.timer = setTimeout(() => this.resend(), wait);
    this.changed();
  }

  /** This page's entries, to travel ahead of another request; null while an earlier page's wait before them. */
  ahead() {
    if (this.lanes.length > 1) return null;
    return { client: this.own.client, entries: this.own.entries.slice(0, BATCH).map(plain) };
  }

  leaves(message) {
    try {
      this.post(message);
      return true;
    } catch {
      return false;
    }
  }

  resend() {
    this.attempt += 1;
    this.transmit();
  }

  /** The kernel's word: everything up to `ack` is on disk; `gap` is the number it wants next. */
  answered({ client, ack, gap, error }) {
    const lane = this.lanes.find((each) => each.client === client);
    this.gone = false;
    this.problem = error ?? null;
    if (lane) this.trim(lane, ack ?? 0);
    if (lane && typeof gap === "number" && lane.entries.length && lane.entries[0].seq > gap) this.renumber(lane);
    const covers = client === this.sentFrom && ((ack ?? 0) >= this.last || typeof gap === "number");
    // Refused: the timer that is running tries again, later each time.
    if (!error) {
      this.attempt = 0;
      if (covers) this.transmit();
    }
    this.changed();
  }

  trim(lane, ack) {
    if (!lane.entries.some((entry) => entry.seq <= ack)) return;
    lane.entries = lane.entries.filter((entry) => entry.seq > ack);
    if (lane === this.own) this.keep(lane);
    else this.trimStored(lane.client, ack);
    if (lane !== this.own && !lane.entries.length) this.lanes = this.lanes.filter((each) => each !== lane);
    this.tell({ client: lane.client, ack });
  }

  /** The store has forgotten numbers it once acknowledged (an older copy was put back): what is left is new to it. */
  renumber(lane) {
    this.storage.remove(this.prefix + lane.client);
    lane.client = randomId();
    lane.entries = lane.entries.map((entry, i) => ({ ...entry, seq: i + 1 }));
    lane.next = lane.entries.length + 1;
    this.keep(lane);
  }

  keep(lane) {
    if (lane.entries.length) this.storage.write(this.prefix + lane.client, { created: lane.created, entries: lane.entries });
    else this.storage.remove(this.prefix + lane.client);
  }

  /** Another outbox of this page may still be adding to that lane: only what was acknowledged goes. */
  trimStored(client, ack) {
    const stored = this.storage.read(this.prefix + client);
    if (!stored) return;
    this.keep({ client, created: stored.created, entries: stored.entries.filter((entry) => entry.seq > ack) });
  }

  /** Take over what earlier pages, or views whose kernel is gone, have left. */
  adopt() {
    for (const key of this.storage.keys(this.prefix)) {
      const client = key.slice(this.prefix.length);
      const stored = this.storage.read(key);
      if (client === this.own.client || !Array.isArray(stored?.entries)) continue;
      const known = this.lanes.find((lane) => lane.client === client);
      if (known) known.entries = stored.entries;
      else this.lanes.push({ client, created: stored.created ?? 0, entries: stored.entries });
    }
    const others = this.lanes.filter((lane) => lane !== this.own).sort((a, b) => a.created - b.created);
    this.lanes = [...others, this.own];
  }

  tell(detail) {
    window.dispatchEvent(new CustomEvent(OUTBOX_EVENT, { detail: { ...detail, prefix: this.prefix, from: this } }));
  }

  overheard({ prefix, from, client, ack, orphan }) {
    if (from === this || prefix !== this.prefix) return;
    if (orphan && !this.gone) {
      this.adopt();
      queueMicrotask(() => this.flush());
    }
    const lane = this.lanes.find((each) => each.client === client);
    if (lane && ack) {
      lane.entries = lane.entries.filter((entry) => entry.seq > ack);
      if (lane === this.own) this.keep(lane);
      else if (!lane.entries.length) this.lanes = this.lanes.filter((each) => each !== lane);
      this.changed();
    }
  }
}

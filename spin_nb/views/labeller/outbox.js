// What was decided and is not yet on disk. Each entry has a client id and a sequence number; the kernel applies a
// client's entries strictly in sequence and acknowledges cumulatively, so nothing is dropped, doubled or reordered.
//
// A page load is a new client and never continues an old one's numbers: a duplicated tab copies sessionStorage, and
// two tabs counting on from one number would have their labels taken for one another's. What an earlier page left is
// kept in a log of its own, sent first, under its own name, however many pages send it.

import { randomId } from "../base/random_id.js";

const OUTBOX_EVENT = "spin_nb:outbox";
const RESEND_AFTER_MS = [2000, 4000, 8000, 15000];
const ENTRIES_PER_MESSAGE = 100;

/**
 * A decision, or that an item was shown, as it waits here; the kernel gets all of it but `delta`.
 * @typedef {object} Entry
 * @property {number} seq from 1, without gaps within a client
 * @property {"label" | "skip" | "unsure" | "none" | "flag" | "undo" | "redo" | "shown"} kind
 * @property {string} id of the item
 * @property {?string} [token] of the ask that it answers
 * @property {*} [value] the label
 * @property {number} [shown_ms] how long the item was on screen
 * @property {?Array} [suggested] [value, probability] of the suggestion on screen
 * @property {number} [delta] by how much it changes the number of labels
 */

/**
 * What the kernel answers to `{verb: "apply", client, entries}`.
 * @typedef {object} ApplyReply
 * @property {string} client whose entries
 * @property {number} ack all up to this number are on disk
 * @property {?number} gap the number that is missing, or null
 * @property {?string} error why nothing could be stored, or null
 * @property {Array<{seq: ?number, what: string}>} [refused] entries that are no labels of this task
 * @property {Array<{seq: number, id: string, n: number}>} [undone] what each undo has taken back
 * @property {Array<{seq: number, id: string, n: number}>} [redone] what each redo has brought back
 * @property {number} n_labels
 * @property {number} per_minute
 * @property {number} at the last event that is counted
 */

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
    this.pageLog = { client: randomId(), created: Date.now(), next: 1, entries: [] };
    this.clientLogs = [this.pageLog];
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
    return this.clientLogs.find((clientLog) => clientLog.client === client)?.entries.find((each) => each.seq === seq);
  }

  /** Entries not acknowledged yet, oldest first. */
  get entries() {
    return this.clientLogs.flatMap((clientLog) => clientLog.entries);
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
    this.pageLog.entries.push({ seq: this.pageLog.next++, ...entry });
    this.keep(this.pageLog);
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
    const clientLog = this.clientLogs.find((each) => each.entries.length);
    if (!clientLog || this.closed) return;
    const batch = clientLog.entries.slice(0, ENTRIES_PER_MESSAGE);
    this.last = batch.at(-1).seq;
    this.sentFrom = clientLog.client;
    this.gone = !this.leaves({ client: clientLog.client, entries: batch.map(plain) });
    const wait = RESEND_AFTER_MS[Math.min(this.attempt, RESEND_AFTER_MS.length - 1)];
    this.timer = setTimeout(() => this.resend(), wait);
    this.changed();
  }

  /** This page's entries, to travel ahead of another request; null while an earlier page's wait before them. */
  ahead() {
    if (this.clientLogs.length > 1) return null;
    return { client: this.pageLog.client, entries: this.pageLog.entries.slice(0, ENTRIES_PER_MESSAGE).map(plain) };
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
    const clientLog = this.clientLogs.find((each) => each.client === client);
    this.gone = false;
    this.problem = error ?? null;
    if (clientLog) this.trim(clientLog, ack ?? 0);
    if (clientLog && typeof gap === "number" && clientLog.entries.length && clientLog.entries[0].seq > gap) this.renumber(clientLog);
    const covers = client === this.sentFrom && ((ack ?? 0) >= this.last || typeof gap === "number");
    // Refused: the timer that is running tries again, later each time.
    if (!error) {
      this.attempt = 0;
      if (covers) this.transmit();
    }
    this.changed();
  }

  trim(clientLog, ack) {
    if (!clientLog.entries.some((entry) => entry.seq <= ack)) return;
    clientLog.entries = clientLog.entries.filter((entry) => entry.seq > ack);
    if (clientLog === this.pageLog) this.keep(clientLog);
    else this.trimStored(clientLog.client, ack);
    if (clientLog !== this.pageLog && !clientLog.entries.length) this.clientLogs = this.clientLogs.filter((each) => each !== clientLog);
    this.tell({ client: clientLog.client, ack });
  }

  /** The store has forgotten numbers it once acknowledged (an older copy was put back): what is left is new to it. */
  renumber(clientLog) {
    this.storage.remove(this.prefix + clientLog.client);
    clientLog.client = randomId();
    clientLog.entries = clientLog.entries.map((entry, i) => ({ ...entry, seq: i + 1 }));
    clientLog.next = clientLog.entries.length + 1;
    this.keep(clientLog);
  }

  keep(clientLog) {
    if (clientLog.entries.length) this.storage.write(this.prefix + clientLog.client, { created: clientLog.created, entries: clientLog.entries });
    else this.storage.remove(this.prefix + clientLog.client);
  }

  /** Another outbox of this page may still be adding to that log: only what was acknowledged goes. */
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
      if (client === this.pageLog.client || !Array.isArray(stored?.entries)) continue;
      const log = this.clientLogs.find((clientLog) => clientLog.client === client);
      if (log) log.entries = stored.entries;
      else this.clientLogs.push({ client, created: stored.created ?? 0, entries: stored.entries });
    }
    const others = this.clientLogs.filter((clientLog) => clientLog !== this.pageLog).sort((a, b) => a.created - b.created);
    this.clientLogs = [...others, this.pageLog];
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
    const clientLog = this.clientLogs.find((each) => each.client === client);
    if (clientLog && ack) {
      clientLog.entries = clientLog.entries.filter((entry) => entry.seq > ack);
      if (clientLog === this.pageLog) this.keep(clientLog);
      else if (!clientLog.entries.length) this.clientLogs = this.clientLogs.filter((each) => each !== clientLog);
      this.changed();
    }
  }
}

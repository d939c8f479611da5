// What is drawn or typed and not submitted, item by item; in the browser's storage it outlives the page and the kernel.

const MAX_STORED_DRAFTS = 20; // the last ones are stored
const MAX_DRAFT_CHARACTERS = 1e6; // JSON of one
const MAX_STORED_CHARACTERS = 2e6; // JSON of all: labels on their way need the room more

/** As much of a draft as is stored: its value, and of its steps the last; null where the value alone is too long. */
function storable({ value, steps, undone, unsaved }) {
  let room = MAX_DRAFT_CHARACTERS - JSON.stringify([value, unsaved]).length;
  if (room < 0) return null;
  const lastOf = (list) => {
    let from = list.length;
    while (from > 0 && (room -= JSON.stringify(list[from - 1]).length) >= 0) from -= 1;
    return list.slice(from);
  };
  return { value, unsaved, steps: lastOf(steps), undone: lastOf(undone) };
}

/** There is work in it that nobody has submitted. */
function worked({ steps, unsaved }) {
  return steps.length > 0 || unsaved !== null;
}

function isDraft(stored) {
  return Array.isArray(stored?.steps) && Array.isArray(stored.undone);
}

/**
 * @typedef {object} StoredDraft
 * @property {*} value the label as it would be submitted
 * @property {Array<{before: *, words: string}>} steps what undo takes back, the last one last
 * @property {Array<{after: *, words: string}>} undone what redo brings back
 * @property {*} unsaved what the editor has begun and is no step yet, or null
 */

export class Drafts {
  constructor(name, storage) {
    Object.assign(this, { storage, prefix: `spin_nb/draft/${name}/` });
    this.onPage = new Map(); // id -> {value, steps, undone, unsaved}
    const entries = storage.keys(this.prefix).map((key) => [key.slice(this.prefix.length), storage.read(key)]);
    entries.sort(([, one], [, other]) => (one?.at ?? 0) - (other?.at ?? 0));
    this.stored = new Map(); // id -> {length, isWork}, the latest last
    for (const [id, draft] of entries) this.note(id, draft);
  }

  /** What was left of an item, or null. */
  of(id) {
    const draft = this.onPage.get(id) ?? this.storage.read(this.prefix + id);
    return isDraft(draft) ? draft : null;
  }

  note(id, draft) {
    this.stored.set(id, { length: JSON.stringify(draft).length, isWork: isDraft(draft) && worked(draft) });
  }

  /** Whether there is work on an item that nobody has submitted; nothing is read for it, it is asked at every change. */
  waits(id) {
    return this.onPage.has(id) ? worked(this.onPage.get(id)) : Boolean(this.stored.get(id)?.isWork);
  }

  keep(id, draft) {
    this.onPage.set(id, draft);
    this.stored.delete(id);
    const short = storable(draft);
    const isStored = short !== null && this.storage.write(this.prefix + id, { at: Date.now(), ...short });
    if (isStored) this.note(id, short);
    while (this.stored.size > 1 && this.isTooMuch) this.unstore(this.stored.keys().next().value);
  }

  drop(id) {
    if (this.onPage.delete(id) || this.stored.has(id)) this.unstore(id);
  }

  unstore(id) {
    this.stored.delete(id);
    this.storage.remove(this.prefix + id);
  }

  get isTooMuch() {
    const all = [...this.stored.values()];
    return all.length > MAX_STORED_DRAFTS || all.reduce((sum, { length }) => sum + length, 0) > MAX_STORED_CHARACTERS;
  }

  /** There is work on an item that would be lost with this page. */
  isUnsafe(id) {
    return this.waits(id) && !this.stored.has(id);
  }
}

// What of a browser's page outbox and drafts need: a window that hears events, and storage.

export class Storage {
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    this[key] = value;
  }

  removeItem(key) {
    delete this[key];
  }
}

/** A window with storage of its own, in the place of the global one. */
export function openPage(storage = new Storage()) {
  globalThis.window = Object.assign(new EventTarget(), { sessionStorage: storage });
  return storage;
}

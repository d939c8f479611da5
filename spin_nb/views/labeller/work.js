// The work on the card on screen that nobody has submitted: its draft, and what an editor has begun and is no step of the
// draft yet. It outlives its turn on screen, the page and the kernel.

import { Draft } from "./draft.js";

const LEAVING = ["beforeunload", "pagehide"];

export class Work {
  constructor(queue, drafts) {
    this.queue = queue;
    this.draft = new Draft();
    this.drafts = drafts;
    this.editor = null; // of the view that was used last
    this.onScreen = null; // the card that the editor stands on
    this.onLeave = (event) => {
      this.keepUnsaved();
      if (event.type === "beforeunload" && queue.cards.some(({ id }) => this.drafts.isUnsafe(id))) event.preventDefault();
    };
    for (const name of LEAVING) window.addEventListener(name, this.onLeave);
  }

  close() {
    this.keepUnsaved();
    for (const name of LEAVING) window.removeEventListener(name, this.onLeave);
  }

  /** Another card is on screen; true where it is another one than before. */
  begin(card) {
    if (this.draft.card === card) return false;
    const { readOnly, spec } = this.queue;
    this.keep();
    this.draft.begin(card, spec, card && !readOnly ? this.drafts.of(card.id) : null);
    return true;
  }

  /** What is drawn or typed is stored. */
  keep() {
    const { card, value, steps, undone, untouched } = this.draft;
    if (!card || this.queue.readOnly) return;
    const { unsaved } = this;
    if (untouched && unsaved === null) this.drafts.drop(card.id);
    else this.drafts.keep(card.id, { value, steps, undone, unsaved });
  }

  /** Steps are stored as they are made; what the editor has begun since is not. */
  keepUnsaved() {
    const storedUnsaved = this.drafts.onPage.get(this.draft.card?.id)?.unsaved ?? null;
    if (JSON.stringify(this.unsaved) !== JSON.stringify(storedUnsaved)) this.keep();
  }

  /** What the editor has begun on the card of the draft and is no step yet, or null. */
  get unsaved() {
    return this.draft.unsaved ?? (this.onScreen === this.draft.card ? (this.editor?.unsaved?.() ?? null) : null);
  }

  /** Nobody has done anything to what is known of the card on screen. */
  get isUntouched() {
    return this.draft.untouched && this.unsaved === null;
  }

  /** There is work on the card on screen, or on one that comes back, that nobody has submitted. */
  get isUnsubmitted() {
    return this.draft.steps.length > 0 || this.unsaved !== null || this.queue.upcoming.some(({ id }) => this.drafts.waits(id));
  }

  /** Once the editor stands on a card, it goes on with what was begun there. */
  resume() {
    const card = this.queue.current;
    if (!this.editor || (card && !card.decoded && !card.broken)) return;
    this.onScreen = card;
    const { unsaved } = this.draft;
    if (!card || unsaved === null) return;
    this.draft.unsaved = null;
    this.editor.resume?.(unsaved);
  }

  /** A view goes: what its editor has begun waits for the next. */
  leave(editor) {
    if (this.editor !== editor) return;
    this.keepUnsaved();
    this.draft.unsaved = this.unsaved;
    this.editor = null;
  }
}

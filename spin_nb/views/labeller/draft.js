// The label being made of the card on screen: what would be submitted now, and every step that led there.

export class Draft {
  constructor() {
    this.begin(null, {});
  }

  /** Start from what was left of a card, else from what is known of it: a label it has, the suggestion, or nothing. */
  begin(card, spec, draft = null) {
    const initial = card ? first(["label", "keep"].includes(card.state?.kind) ? card.state.value : undefined, card.suggestion?.value, spec.empty, null) : null;
    this.card = card;
    this.steps = [...(draft?.steps ?? [])];
    this.undone = [...(draft?.undone ?? [])];
    this.unsaved = draft?.unsaved ?? null; // for the editor to go on with
    this.value = draft ? draft.value : initial;
    this.isOwn = JSON.stringify(this.value) !== JSON.stringify(initial);
  }

  /** Nothing was done to what is known of the card. */
  get untouched() {
    return !this.isOwn && !this.steps.length && !this.undone.length && this.unsaved === null;
  }

  edit(value, words = "") {
    this.steps.push({ before: this.value, words });
    this.value = value;
    this.undone = [];
  }

  /** Take the last step back; its words, or null where there is none. */
  back() {
    const step = this.steps.pop();
    if (!step) return null;
    this.undone.push({ after: this.value, words: step.words });
    this.value = step.before;
    return step.words || "the last change";
  }

  again() {
    const step = this.undone.pop();
    if (!step) return null;
    this.steps.push({ before: this.value, words: step.words });
    this.value = step.after;
    return step.words || "the last change";
  }

  /** Submitted: the steps are part of one decision now. */
  end() {
    this.begin(null, {});
  }
}

function first(...values) {
  return values.find((value) => value !== undefined);
}

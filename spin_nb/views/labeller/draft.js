// The label being made of the card on screen: what would be submitted now, and every step that led there.

/** Editors by the task's word: (bench) => {panel, stage(card)?, draw(), key(event)?, close()?}. */
const EDITORS = {};

class Draft {
  constructor() {
    this.begin(null, {});
  }

  /** Start from what is known of a card: a label it has, what was drawn before, the suggestion, or nothing. */
  begin(card, spec) {
    this.put();
    this.card = card;
    this.steps = [];
    this.undone = [];
    this.value = card ? first(card.draft, card.state?.kind === "label" ? card.state.value : undefined, card.suggestion?.value, spec.empty, null) : null;
  }

  /** Leave the card: what was drawn and not submitted waits for its return. */
  put() {
    if (this.card && this.steps.length) this.card.draft = this.value;
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
    if (this.card) delete this.card.draft;
    this.card = null;
    this.steps = [];
    this.undone = [];
  }
}

function first(...values) {
  return values.find((value) => value !== undefined);
}

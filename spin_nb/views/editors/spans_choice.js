// What of a text is chosen, and how it looks: the stage, its panel, and the span or the words that a class is for. What
// is done to spans is in spans.js.

import { h, write } from "../base/dom.js";
import { withOthers } from "../media/several.js";
import { classColour, classEntries, classGrid, focusLabeller, shortName, suggestionLine } from "./choices.js";
import { spanGrips, spanPointer, spanSelection } from "./spans_select.js";
import { spanPage, spanUnit, spanWord } from "./spans_text.js";

/** The card's text, and the part that holds it where the card is several things. */
function spanSource(card) {
  if (card.mime === "text/plain") return card;
  const reasons = card.data?.broken ?? []; // parts that cannot be shown say why, as text
  return (card.parts ?? []).find((part) => part.mime === "text/plain" && !reasons.includes(part.name)) ?? null;
}

/** Words of a text for one line. */
function spanBrief(text) {
  const letters = Array.from(text.slice(0, 160));
  return letters.length > 60 ? `${letters.slice(0, 40).join("")} … ${Array.from(text.slice(-40)).slice(-18).join("")}` : text;
}

export class SpanChoice {
  constructor(editorApi) {
    this.editorApi = editorApi;
    this.names = editorApi.spec.names;
    this.chosen = null; // the span, as text of its facts: a value is never changed, so an index would not hold
    this.armed = null; // index of the class that every new selection gets
    this.recent = null; // the span made last while a class was armed
    this.live = null; // the value while a grip is dragged
    this.origin = null; // the word, or the part, from which a Shift-click goes on
    this.page = null;
    this.panel = this.build();
  }

  build() {
    const { editorApi } = this;
    const mark = ({ index }) => ({ chosen: this.armed === index });
    const pick = ({ index }) => this.apply(index);
    this.grid = classGrid(editorApi, { entries: classEntries(editorApi, this.names), pick, mark, toggles: true, colours: true });
    this.suggestion = suggestionLine(editorApi);
    this.words = h("span", { class: "spin-quote", dir: "auto" });
    const button = (label, sign, act) => {
      const onclick = (event) => {
        act();
        if (event.detail > 0) focusLabeller(event.currentTarget);
      };
      return h("button", { type: "button", "aria-label": label, title: label, onclick }, ...sign);
    };
    this.keys = { previous: h("kbd"), next: h("kbd"), delete: h("kbd") };
    this.steps = [
      button("previous span", ["‹ ", this.keys.previous], () => this.go(-1)),
      button("next span", ["› ", this.keys.next], () => this.go(1)),
      button("remove the chosen span", ["Remove ", this.keys.delete], () => this.remove()),
    ];
    return h("div", { class: "spin-panel" }, this.grid.element, h("div", { class: "spin-line spin-room" }, this.words, this.suggestion.element, ...this.steps));
  }

  get spans() {
    return this.live ?? this.editorApi.value ?? [];
  }

  /** The spans in units of the page. */
  get marks() {
    if (this.lastMarks?.spans !== this.spans) {
      const { text, pieces } = this.page;
      const marks = this.spans.map(({ label, start, end }, index) => {
        const [from, to] = [spanUnit(text, pieces, start), spanUnit(text, pieces, end)];
        return { index, label, from, to, colour: classColour(Math.max(0, this.names.indexOf(label))) };
      });
      this.lastMarks = { spans: this.spans, marks };
    }
    return this.lastMarks.marks.map((mark) => ({ ...mark, chosen: JSON.stringify(this.spans[mark.index]) === this.chosen }));
  }

  get chosenMark() {
    return this.marks.find(({ chosen }) => chosen) ?? null;
  }

  get free() {
    return Boolean(this.page) && !this.editorApi.readOnly;
  }

  itemPane(card) {
    this.close();
    const source = card.broken ? null : spanSource(card);
    const text = String(source?.data ?? "");
    if (!text.trim()) return null;
    this.page = spanPage(text);
    Object.assign(this, { lastMarks: null, chosen: null, recent: null, live: null, origin: null });
    this.selection = spanSelection(this.page, (fresh) => this.selected(fresh));
    this.handles = spanGrips(this.page, (end, at, done) => this.dragged(end, at, done));
    spanPointer(this.page, { tap: (at, shift) => this.tap(at, shift), select: () => this.takeSelection(), tag: (index) => this.choose(index) });
    const { page, selection, handles } = this;
    page.draw(this.marks);
    const sheet = h("div", { class: "spin-sheet" }, page.element, selection.caret, ...handles.grips);
    this.resized = new ResizeObserver(() => this.place());
    this.resized.observe(page.element);
    const reader = h("div", { class: "spin-reading", tabindex: "0", role: "group", "aria-label": "text to mark" }, sheet);
    return withOthers(card, source, this.editorApi.kit, { element: reader, close: () => this.page === page && this.close() });
  }

  close() {
    this.selection?.close();
    this.resized?.disconnect();
    this.page = null;
  }

  place() {
    if (!this.page) return;
    this.selection.place();
    this.handles.place(this.editorApi.readOnly ? null : this.chosenMark);
  }

  draw() {
    if (this.page) {
      if (this.page.draw(this.marks)) this.selection.restore();
      this.handles.place(this.editorApi.readOnly ? null : this.chosenMark);
    }
    this.drawPanel();
  }

  drawPanel() {
    this.grid.draw();
    this.suggestion.draw();
    for (const [action, key] of Object.entries(this.keys)) write(key, this.editorApi.key(action) ?? "");
    const [mark, range] = [this.page && this.chosenMark, this.page && this.selection.range];
    const quote = ({ from, to }) => `“${spanBrief(this.page.text.slice(from, to))}”`;
    const armed = this.armed === null ? "Choose a part of the text, then its class." : `Each part you choose becomes “${shortName(this.names[this.armed])}”.`;
    write(this.words, range ? `${quote(range)}: which class?` : mark ? `${shortName(mark.label)}: ${quote(mark)}` : this.page ? armed : "");
    for (const step of this.steps.slice(0, 2)) step.disabled = !this.spans.length || !this.page;
    this.steps[2].disabled = !mark || !this.free;
  }

  // ---- choosing -------------------------------------------------------------------------------------------------------

  selected(fresh) {
    if (fresh && this.chosen !== null) {
      this.chosen = null;
      this.draw();
    } else this.drawPanel();
  }

  choose(index) {
    this.selection.clear();
    this.chosen = JSON.stringify(this.spans[index]);
    this.draw();
  }

  /** The next span or the one before, in the order of the text. */
  go(by) {
    const count = this.spans.length;
    if (!this.page || !count) return;
    const at = this.chosenMark?.index ?? (by > 0 ? -1 : count);
    this.choose((at + by + count) % count);
    this.page.element.querySelector(".spin-tag.spin-chosen")?.scrollIntoView({ block: "nearest" });
    requestAnimationFrame(() => this.place()); // what comes into sight is laid out only then
  }

  /** A touch: the span there (the next of several), else the word; with Shift as far as there. */
  tap(at, shift) {
    if (shift) return this.extend(at);
    const here = this.marks.filter(({ from, to }) => from <= at && at < to).sort((a, b) => a.to - a.from - (b.to - b.from));
    if (here.length) return this.choose(here[(here.findIndex(({ chosen }) => chosen) + 1) % here.length].index);
    const word = spanWord(this.page.text, at);
    this.chosen = null;
    this.origin = word ?? { from: at, to: at };
    this.selection.set(word ? word.from : at, word ? word.to : at);
    this.draw();
    return word ? this.takeSelection() : undefined;
  }

  extend(at) {
    const word = spanWord(this.page.text, at) ?? { from: at, to: at };
    const mark = this.armed === null ? null : this.marks.find(({ index }) => JSON.stringify(this.spans[index]) === this.recent);
    if (mark) {
      this.selection.clear();
      return this.change(mark.index, { from: Math.min(mark.from, word.from), to: Math.max(mark.to, word.to) });
    }
    const from = this.origin ?? word;
    return this.selection.set(Math.min(from.from, word.from), Math.max(from.to, word.to));
  }

  /** A part has been selected: an armed class takes it at once. */
  takeSelection() {
    if (!this.page) return;
    this.selection.hear();
    this.origin = this.selection.range;
    if (this.armed !== null && this.selection.range) this.add(this.armed);
  }
}

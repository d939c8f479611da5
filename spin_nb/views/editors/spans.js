// Spans of a text: choose a part of it, press a class.

import { deletes } from "../base/key_events.js";
import { classIndex, isSameValue } from "./choices.js";
import { EDITORS } from "./registry.js";
import { SpanChoice } from "./spans_choice.js";
import { SPAN_ARROWS, spanFirstSeen } from "./spans_select.js";
import { spanPoint, spanStep } from "./spans_text.js";

/** A value as the task stores it: in order, each once. */
export function spanSorted(value) {
  const order = (a, b) => a.start - b.start || a.end - b.end || (a.label < b.label ? -1 : Number(a.label > b.label));
  const plain = value.map(({ label, start, end }) => ({ label, start, end })).sort(order);
  return plain.filter((each, i) => !i || order(plain[i - 1], each) !== 0);
}

class SpanEditor extends SpanChoice {
  // ---- changing -------------------------------------------------------------------------------------------------------

  edit(value, words, chosen) {
    this.chosen = chosen ? JSON.stringify(chosen) : null;
    this.editorApi.edit(spanSorted(value), words);
    this.draw();
  }

  /** A class: for what is selected, else for the chosen span, else for everything to come (again: no longer). */
  apply(index) {
    if (!this.free || index >= this.names.length) return;
    if (this.selection.range) this.add(index);
    else if (this.chosenMark) this.change(this.chosenMark.index, { label: this.names[index] });
    else {
      this.armed = this.armed === index ? null : index;
      this.editorApi.say(this.armed === null ? "No class is set." : `Each part you choose becomes ${this.names[index]}.`);
      this.draw();
    }
  }

  points({ from, to }) {
    const { text, pieces } = this.page;
    return { start: spanPoint(text, pieces, from), end: spanPoint(text, pieces, to) };
  }

  add(index) {
    if (!this.free) return;
    const range = this.selection.range;
    const span = { label: this.names[index], ...this.points(range) };
    this.selection.set(range.to);
    const same = this.spans.some((each) => isSameValue(each, span));
    if (same) this.editorApi.say(`This is ${span.label} already.`);
    this.recent = JSON.stringify(span);
    if (!same) this.edit([...this.spans, span], `${span.label} added`, this.armed === null ? span : null);
  }

  change(index, { label, from, to }) {
    const old = this.spans[index];
    const mark = this.marks[index];
    const span = { label: label ?? old.label, ...this.points({ from: from ?? mark.from, to: to ?? mark.to }) };
    if (isSameValue(span, old)) return;
    if (this.recent === JSON.stringify(old)) this.recent = JSON.stringify(span);
    const words = label === undefined ? `end of ${old.label} moved` : `${old.label} is now ${label}`;
    this.edit(this.spans.map((each, i) => (i === index ? span : each)), words, label === undefined && this.chosen === null ? null : span);
  }

  remove() {
    const mark = this.chosenMark;
    if (mark && this.free) this.edit(this.spans.filter((_, i) => i !== mark.index), `${mark.label} removed`, null);
  }

  dragged(end, at, done) {
    const mark = this.chosenMark;
    const base = this.editorApi.value ?? [];
    if (!mark || !this.free) return;
    const fits = at !== null && (end === "from" ? at < mark.to : at > mark.from);
    const span = fits ? { label: mark.label, ...this.points({ ...mark, [end]: at }) } : this.spans[mark.index];
    this.live = this.spans.map((each, i) => (i === mark.index ? span : each));
    this.chosen = JSON.stringify(span);
    if (!done) return void this.draw();
    const value = spanSorted(this.live);
    this.live = null;
    if (isSameValue(value, base)) this.draw();
    else this.edit(value, `end of ${mark.label} moved`, span);
  }

  // ---- keys -----------------------------------------------------------------------------------------------------------

  /** Alt+arrow moves the chosen span's end, with Shift its beginning. */
  nudge(event) {
    const mark = this.chosenMark;
    const end = event.shiftKey ? "from" : "to";
    const rtl = /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}]/u.test(this.page.text.slice(mark.from, mark.to));
    const at = spanStep(this.page.text, mark[end], (event.key === "ArrowRight") !== rtl);
    if (end === "from" ? at < mark.to : at > mark.from) this.change(mark.index, { [end]: at });
  }

  escape() {
    if (this.chosen === null && this.armed === null && this.selection.at === null) return false;
    if (this.chosen === null && this.selection.at === null) this.armed = null;
    this.chosen = null;
    this.selection.clear();
    this.draw();
    return true;
  }

  arrow(event) {
    this.origin = null;
    const begin = () => this.chosenMark?.to ?? spanFirstSeen(this.page);
    this.selection.key(event, begin);
  }

  key(event) {
    if (!this.page || event.isComposing || !this.editorApi.card) return false;
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    if (event.altKey && sideways && this.chosenMark) {
      if (this.free) this.nudge(event);
      return true;
    }
    if (event.key in SPAN_ARROWS && !event.altKey && !event.metaKey) {
      this.arrow(event);
      return true;
    }
    if (this.free && this.grid.key(event)) return true;
    const meaning = this.editorApi.meaning(event);
    if (meaning === "release") return this.escape();
    const index = classIndex(this.editorApi, event);
    const actions = { delete: () => this.remove(), next: () => this.go(1), previous: () => this.go(-1) };
    const removes = this.chosenMark && deletes(event, meaning);
    const action = index === null ? actions[removes ? "delete" : meaning] : () => this.apply(index);
    if (!action) return false;
    if (!event.repeat || meaning === "next" || meaning === "previous") action();
    return true;
  }
}

EDITORS.spans = (editorApi) => {
  const editor = new SpanEditor(editorApi);
  return {
    actions: ["delete", "next", "previous"],
    panel: editor.panel,
    itemPane: (card) => editor.itemPane(card),
    draw: () => editor.draw(),
    key: (event) => editor.key(event),
    close: () => editor.close(),
  };
};

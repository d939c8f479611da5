// What every editor that draws does the same way: it holds the picture of its card, and turns gestures into steps of the
// draft. A gesture, or an arrow key held down, changes `live`; when it ends that is one step, which undo takes back.

import { partCard } from "../media/item.js";
import { withOthers } from "../media/several.js";
import { viewport } from "../media/viewport.js";
import { confidenceWords } from "./choices.js";
import { clamp, roundToHundredths } from "./geometry.js";
import { openSuggestion } from "./shapes.js";

const STEP_END_EVENTS = ["keyup", "pointerdown", "blur"]; // what ends a step made with a key

/** The picture to draw on: the card's own, or that of its first part that is one; null where there is none. */
function pictureOf(card) {
  if (card.bitmap) return card;
  const part = (card.parts ?? []).find(({ bitmap }) => bitmap);
  return part ? partCard(card, part) : null;
}

export class Drawing {
  constructor(editorApi) {
    this.editorApi = editorApi;
    this.view = null;
    this.card = null;
    this.frame = null;
    this.forget();
    this.settle = () => this.flush();
    for (const name of STEP_END_EVENTS) window.addEventListener(name, this.settle, true);
  }

  /** For the style of the whole labeller: it leaves room to draw. */
  get rootClass() {
    return "spin-with-shapes";
  }

  close() {
    this.flush();
    cancelAnimationFrame(this.frame);
    for (const name of STEP_END_EVENTS) window.removeEventListener(name, this.settle, true);
  }

  forget() {
    this.selected = -1;
    this.gesture = null;
    this.live = null; // the value while it changes
    this.nudged = ""; // what the arrow keys have done so far, in words
  }

  /** The picture of a card, or null when there is none to draw on. What is half drawn stays with its card. */
  itemPane(card) {
    if (card.id !== this.card?.id) this.forget();
    this.card = card;
    this.suggestion = openSuggestion(card);
    const source = pictureOf(card);
    if (!source) return null;
    const view = viewport(source, { overlay: this, kit: this.editorApi.kit });
    this.view = view;
    this.size = view.size; // stays when the view is closed and the list is still there
    view.element.classList.add("spin-drawing");
    view.onchange = () => {
      this.paint(); // at once: a frame later the picture would have been seen without its shapes
      view.onchange = () => this.soon();
    };
    const close = () => {
      this.flush();
      if (this.view === view) this.view = null;
      view.close();
    };
    return withOthers(card, source, this.editorApi.kit, { element: view.element, key: view.key, close });
  }

  /** What a moving pointer changes is drawn once a frame, however often it is told. */
  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.refresh();
    });
  }

  /** [left, top, right, bottom] of the middle of what is seen: a quarter of it. */
  get middle() {
    const origin = this.view.toView([0, 0]);
    const ends = [0, 1].map((i) => {
      const [low, high] = [0, this.view.room[i]].map((at) => clamp((at - origin[i]) / this.view.scale, 0, this.size[i]));
      return [low + (high - low) / 4, high - (high - low) / 4].map(roundToHundredths);
    });
    return [ends[0][0], ends[1][0], ends[0][1], ends[1][1]];
  }

  /** How sure what is suggested is, in words. */
  sure() {
    return confidenceWords(this.card?.suggestion?.p, {});
  }

  step(value, words) {
    this.live = null;
    this.nudged = "";
    this.editorApi.edit(value, words);
    this.draw();
  }

  flush() {
    if (this.nudged) this.step(this.live, this.nudged);
  }

  /** The arrow keys changed the value; they may go on doing so. */
  pushed(value, words) {
    this.live = value;
    this.nudged = words;
    this.draw();
    return true;
  }

  cancel() {
    this.gesture = null;
    this.live = null;
    this.nudged = "";
    this.draw();
  }

  /** What a key means here; in a sound or a film beside the picture its letters are that medium's own. */
  meaning(event) {
    const action = this.editorApi.meaning(event);
    const beside = event.target.closest?.(".spin-beside") && !event.ctrlKey && !event.metaKey;
    return beside && ["new", "duplicate", "point"].includes(action) ? null : action;
  }

  key(event) {
    const used = this.pressed(event);
    if (used) event.preventDefault();
    return used;
  }

  /** Escape: first the gesture, then the selection, then it is not ours. */
  escape() {
    if (this.gesture) this.cancel();
    else if (this.selected >= 0) this.choose(-1);
    else return false;
    return true;
  }

  /** Keys that mean the same for every shape; `count` is how many can be gone through. */
  common(event, count) {
    const meaning = this.editorApi.meaning(event);
    const named = /^class:(\d+)$/.exec(meaning ?? "");
    const by = meaning === "next" ? 1 : meaning === "previous" ? -1 : 0;
    if (event.key === "Escape") return this.escape();
    if (named) this.named(Number(named[1]));
    else if (by && count) this.choose(this.selected < 0 ? (by > 0 ? 0 : count - 1) : (this.selected + by + count) % count);
    else if (!by) return false;
    if (by && count) this.editorApi.say(this.inWords(this.selected));
    return true;
  }
}

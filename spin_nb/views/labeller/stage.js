// The item on screen, and what an editor may do with it.

import { h, write } from "../base/dom.js";
import { note } from "../media/item.js";
import { openMedium } from "../media/registry.js";
import { large } from "../media/still.js";
import { actionOf, keyOf } from "./keys.js";
import { labelWords, RESULT } from "./words.js";

function waitingWords(desk) {
  if (desk.readOnly) return "This project is open read-only: it shows what is labelled, and takes no labels.";
  if (desk.dry) return "Nothing left to ask: every item has been decided.";
  if (desk.gone) return "Run this cell again to go on.";
  if (desk.outbox.attempt > 0) return "Choosing the next items is paused until the kernel answers.";
  return desk.greeted ? "Choosing the next items…" : "Waiting for the kernel…";
}

/** The desk as an editor sees it: one card, one draft. */
export function benchOf(desk) {
  const kit = {
    ask: (verb, fields) => desk.channel.ask(verb, fields),
    say: (words) => desk.say(words),
    draw: () => desk.draw(),
  };
  return {
    kit,
    get spec() {
      return desk.spec;
    },
    get card() {
      return desk.current;
    },
    get value() {
      return desk.draft.value;
    },
    /** The draft was touched: it is no longer only what was suggested. */
    get touched() {
      return desk.draft.steps.length > 0;
    },
    get readOnly() {
      return desk.readOnly;
    },
    edit: (value, words) => desk.edit(value, words),
    submit: () => desk.submit(),
    warn: (words) => desk.warn(words),
    decide: (value) => desk.decide("label", value),
    say: (words) => desk.say(words),
    key: (action) => keyOf(desk.table, action),
    meaning: (event) => actionOf(event, desk.table),
  };
}

function shownBy(bench, editor, card) {
  if (card.broken || !card.decoded) return { element: large(card) };
  return editor.stage?.(card) ?? openMedium(card, bench.kit);
}

export function stage(desk, bench, editor) {
  const frame = h("div", { class: "spin-frame" });
  const name = h("span", { class: "spin-name" });
  const state = h("span", { class: "spin-was", dir: "auto" });
  const element = h("div", { class: "spin-stage" }, frame, h("div", { class: "spin-caption" }, name, state));
  let drawn = [];
  let shown = null;
  const clear = () => {
    shown?.close?.();
    shown = null;
  };
  const draw = () => {
    const card = desk.current;
    const words = card ? null : waitingWords(desk);
    const now = [card, card?.decoded, card?.suggestion, words];
    if (now.some((part, i) => part !== drawn[i])) {
      drawn = now;
      clear();
      // What waits for the next item keeps its height: the buttons below must not move under the pointer.
      frame.style.minHeight = card ? "" : `${frame.offsetHeight}px`;
      if (card) shown = shownBy(bench, editor, card);
      frame.replaceChildren(shown?.element ?? note(words));
      frame.scrollTop = 0;
    }
    write(name, card?.id ?? "");
    const was = card?.state;
    write(state, was ? (was.kind === "label" ? `now: ${labelWords(was.value, desk.spec)}` : (RESULT[was.kind] ?? was.kind)) : "");
  };
  return { element, draw, frame, key: (event) => shown?.key?.(event) ?? false, close: clear };
}

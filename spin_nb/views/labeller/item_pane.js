// The item on screen, and what an editor may do with it.

import { h, write } from "../base/dom.js";
import { note } from "../media/item.js";
import { openMedium } from "../media/registry.js";
import { large } from "../media/thumbnail.js";
import { labelWords, RESULT } from "./format.js";
import { actionOf, keyOf } from "../base/keys.js";
import { waitingWords } from "./status.js";

/** The queue as an editor sees it: one card, one draft. */
export function editorApiOf(labelQueue) {
  const kit = {
    ask: (verb, fields) => labelQueue.channel.ask(verb, fields),
    say: (words) => labelQueue.say(words),
    draw: () => labelQueue.draw(),
  };
  return {
    kit,
    get spec() {
      return labelQueue.spec;
    },
    get card() {
      return labelQueue.current;
    },
    get value() {
      return labelQueue.work.draft.value;
    },
    /** The draft was touched: it is no longer only what was suggested. */
    get touched() {
      return labelQueue.work.draft.steps.length > 0;
    },
    get readOnly() {
      return labelQueue.readOnly;
    },
    edit: (value, words) => labelQueue.decisions.edit(value, words),
    submit: () => labelQueue.decisions.submit(),
    warn: (words) => labelQueue.warn(words),
    decide: (value) => labelQueue.decisions.decide("label", value),
    say: (words) => labelQueue.say(words),
    key: (action) => keyOf(labelQueue.table, action),
    meaning: (event) => actionOf(event, labelQueue.table),
  };
}

function paneOf(editorApi, editor, card) {
  if (card.broken || !card.decoded) return { element: large(card) };
  return editor.itemPane?.(card) ?? openMedium(card, editorApi.kit);
}

/** Whose label is looked at again, and why. */
function doubtWords({ review }) {
  if (!review) return "";
  const { annotator, doubt, reasons } = review;
  return `${annotator === null ? "Nobody has decided it" : `By ${annotator}`}; wrong with ${Math.round(100 * doubt)} %: ${reasons.join("; ")}.`;
}

export function itemPane(labelQueue, editorApi, editor) {
  const frame = h("div", { class: "spin-frame" });
  const name = h("span", { class: "spin-name" });
  const state = h("span", { class: "spin-was", dir: "auto" });
  const why = h("p", { class: "spin-doubt", dir: "auto", hidden: "" });
  const element = h("div", { class: "spin-stage" }, frame, h("div", { class: "spin-caption" }, name, state), why);
  let lastDrawn = [];
  let pane = null;
  const clear = () => {
    pane?.close?.();
    pane = null;
  };
  const draw = () => {
    const card = labelQueue.current;
    const words = card ? null : waitingWords(labelQueue);
    const now = [card, card?.decoded, card?.suggestion, words];
    if (now.some((part, i) => part !== lastDrawn[i])) {
      lastDrawn = now;
      clear();
      // What waits for the next item keeps its height: the buttons below must not move under the pointer.
      frame.style.minHeight = card ? "" : `${frame.offsetHeight}px`;
      if (card) pane = paneOf(editorApi, editor, card);
      frame.replaceChildren(pane?.element ?? note(words));
      frame.scrollTop = 0;
    }
    write(name, card?.id ?? "");
    const doubt = card ? doubtWords(card) : "";
    why.hidden = !doubt;
    write(why, doubt);
    const was = card?.state;
    write(state, was ? (was.kind === "label" ? `now: ${labelWords(was.value, labelQueue.spec)}` : (RESULT[was.kind] ?? was.kind)) : "");
  };
  return { element, draw, frame, key: (event) => pane?.key?.(event) ?? false, close: clear };
}

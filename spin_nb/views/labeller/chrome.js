// What stands around the item: progress, commands, the last items decided.

import { h, write } from "../base/dom.js";
import { doubled, nameShortcuts } from "../base/key_events.js";
import { isSameValue } from "../editors/choices.js";
import { thumbnail } from "../media/thumbnail.js";
import { inWords } from "./format.js";
import { keyOf } from "../base/keys.js";

const COMMAND_WORDS = { skip: "Skip", unsure: "Unsure", flag: "Flag", undo: "Undo", redo: "Redo" };
const ALWAYS = { undo: ["Control+Z"], redo: ["Control+Shift+Z"] }; // whatever a person has bound
const STRIP = 8;

export function header(labelQueue, full) {
  const count = h("span", { class: "spin-count" });
  const rate = h("span", { class: "spin-rate" });
  const status = h("span", { class: "spin-status" });
  const bar = h("div", { class: "spin-bar", role: "progressbar", "aria-label": "labelled", "aria-valuemin": "0" }, h("i"));
  const element = h("header", {}, h("div", { class: "spin-line" }, count, rate, status, full.button), bar);
  const draw = () => {
    const items = labelQueue.model.get("n_items");
    const labelled = labelQueue.nLabels;
    // Until the kernel has told, nobody knows: 0 would say that all is lost.
    const labelledWords = labelQueue.supply.isGreeted ? labelled.toLocaleString("en") : "–";
    write(count, `${labelledWords} of ${items.toLocaleString("en")} ${labelQueue.isReview ? "reviewed" : "labelled"}`);
    write(rate, labelQueue.counts.per_minute >= 0.5 ? `${Math.round(labelQueue.counts.per_minute).toLocaleString("en")} a minute` : "");
    const { tone, words } = labelQueue.status;
    write(status, words);
    status.dataset.tone = tone;
    status.setAttribute("aria-live", tone === "warn" || tone === "bad" ? "polite" : "off");
    bar.firstChild.style.width = `${(100 * labelled) / Math.max(1, items)}%`;
    bar.setAttribute("aria-valuemax", items);
    bar.setAttribute("aria-valuenow", labelled);
    full.draw();
  };
  return { element, draw };
}

function takesSuggestion({ current, work }) {
  return Boolean(current?.suggestion) && isSameValue(current.suggestion.value, work.draft.value);
}

function acceptWord(labelQueue) {
  const { current, work } = labelQueue;
  if (current?.state?.isOpen && isSameValue(current.label, work.draft.value)) return "Keep";
  return takesSuggestion(labelQueue) ? "Accept" : "Submit";
}

/** Buttons of the commands. Where a key alone is no label yet, the first one submits. */
export function commands(labelQueue, back, act, help) {
  const words = { accept: "", ...COMMAND_WORDS, ...(labelQueue.hasNone ? { no_class: "None fits" } : {}) };
  const isThere = ([action]) => action !== "skip" || !labelQueue.isReview;
  const buttons = Object.entries(words).filter(isThere).map(([action, word]) => {
    const click = (event) => {
      if (action === "undo" || action === "redo" || !doubled(event, labelQueue.current)) act(labelQueue, action);
      back(event);
    };
    const name = h("span", {}, word);
    const key = h("kbd", {});
    return { action, name, key, element: h("button", { type: "button", class: action === "accept" ? "spin-accept" : null, onclick: click }, name, key) };
  });
  const draw = () => {
    const table = labelQueue.table;
    const free = { undo: true, redo: true, accept: labelQueue.work.draft.value !== null };
    for (const { action, name, key, element } of buttons) {
      const label = keyOf(table, action);
      write(key, label);
      nameShortcuts(element, label, ...(ALWAYS[action] ?? []));
      element.disabled = labelQueue.readOnly || !(free[action] ?? labelQueue.current !== null) || (action === "accept" && !labelQueue.current);
      if (action === "accept") write(name, acceptWord(labelQueue));
    }
  };
  return { element: h("div", { class: "spin-commands", role: "group", "aria-label": "commands" }, ...buttons.map((b) => b.element), help), draw };
}

function pastChip(labelQueue, back, card) {
  const words = inWords(card.state, labelQueue.spec);
  const show = (event) => {
    labelQueue.bring(card);
    labelQueue.say(`Showing ${card.id} again.`);
    back(event);
  };
  return h(
    "button",
    { type: "button", title: `${card.id}: ${words}. Show it again`, "aria-label": `${card.id}, ${words}. Show it again`, onclick: show },
    thumbnail(card),
    h("span", { class: "spin-word", dir: "auto" }, words),
  );
}

/** The items decided, the last ones first; each can be shown again and changed, back to the very first. */
export function pastStrip(labelQueue, back) {
  const chips = h("div", { class: "spin-strip", role: "group", "aria-label": "last decided; choose one to change it" });
  const turn = (way, sign, words) =>
    h("button", { type: "button", class: "spin-leaf", title: words, "aria-label": words, onclick: (event) => (labelQueue.decisions.leaf(way, STRIP), back(event)) }, sign);
  const later = turn(-1, "‹", "later items");
  const earlier = turn(1, "›", "earlier items");
  let lastDrawn = "";
  const draw = () => {
    const cards = labelQueue.decisions.recent(STRIP).filter((card) => card !== labelQueue.current);
    later.hidden = labelQueue.decisions.page === 0;
    earlier.hidden = labelQueue.decisions.page === 0 && labelQueue.decisions.done.length < STRIP;
    const now = JSON.stringify(cards.map((card) => [card.id, card.state, Boolean(card.bitmap)]));
    if (now === lastDrawn) return;
    lastDrawn = now;
    chips.replaceChildren(...cards.map((card) => pastChip(labelQueue, back, card)));
  };
  return { element: h("div", { class: "spin-past" }, later, chips, earlier), draw };
}

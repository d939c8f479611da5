// Two things side by side and one answer: which is better, or how well they fit.

import { h } from "../base/dom.js";
import { IMAGES, partCard } from "../media/item.js";
import { openMedium } from "../media/registry.js";
import { large } from "../media/still.js";
import { choiceEntries, choiceGrid, choiceIndex } from "./choices.js";
import { EDITORS } from "./registry.js";

const PAIR_WORDS = { first: "First", second: "Second", equal: "About the same" };
const PAIR_KEYS = { ArrowLeft: "first", ArrowRight: "second", "=": "equal" };

/** The two things a card compares, as cards of their own; null where it is not two. */
function pairParts(card) {
  if (card.parts?.length === 2) return card.parts.map((part) => partCard(card, part));
  const columns = card.mime === "application/json" ? Object.entries(card.data ?? {}) : [];
  if (columns.length !== 2) return null;
  return columns.map(([name, data]) => ({ id: card.id, name, mime: "text/plain", data: String(data ?? "") }));
}

function pairSide(part, place, kit) {
  const waits = IMAGES.includes(part.mime) && !part.bitmap;
  const shown = waits ? { element: large(part) } : openMedium(part, kit);
  const title = h("div", { class: "spin-side-name" }, place ? h("b", {}, place) : null, h("span", { class: "spin-word", dir: "auto" }, part.name ?? ""));
  return { ...shown, element: h("div", { class: "spin-side" }, title, h("div", { class: "spin-side-body" }, shown.element)) };
}

function pairStage(card, kit, places) {
  const parts = pairParts(card);
  if (!parts) return null;
  const sides = parts.map((part, i) => pairSide(part, places[i], kit));
  const element = h("div", { class: "spin-sides" }, ...sides.map((side) => side.element));
  return {
    element,
    key: (event) => sides.some((side) => side.element.contains(event.target) && side.key?.(event)),
    close: () => sides.forEach((side) => side.close?.()),
  };
}

EDITORS.pairs = (bench) => {
  const { spec } = bench;
  const graded = Boolean(spec.grades);
  const { names } = spec;
  const sign = { first: " ←", second: " →", equal: " =" };
  const entries = choiceEntries(bench, names).map((entry) => ({
    ...entry,
    value: entry.name,
    name: graded ? entry.name : PAIR_WORDS[entry.name],
    key: () => `${entry.key()}${graded ? "" : sign[entry.name]}`,
  }));
  const pick = ({ value }) => bench.card && !bench.readOnly && bench.decide(value);
  const mark = ({ value }) => {
    const { suggestion } = bench.card;
    const suggested = suggestion?.value === value;
    const drafted = bench.value === value;
    return { suggested, p: suggested ? suggestion.p : null, chosen: drafted && !suggested, enter: drafted };
  };
  const grid = choiceGrid(bench, { entries, pick, mark, label: "answers" });
  const key = (event) => {
    if (!bench.card || bench.readOnly) return false;
    if (grid.key(event)) return true;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    const index = choiceIndex(bench, event);
    // In a sound or a series the arrows are that medium's own.
    const named = plain && !graded && !event.target.closest(".spin-sides") ? PAIR_KEYS[event.key] : undefined;
    const value = index !== null ? names[index] : names.find((name) => name === named);
    if (value === undefined) return false;
    if (!event.repeat) bench.decide(value);
    return true;
  };
  const question = h("p", { class: "spin-question", dir: "auto" }, spec.question ?? "Which is better?");
  const places = graded ? ["", ""] : ["First", "Second"];
  const panel = h("div", { class: "spin-panel" }, question, grid.element);
  return { panel, stage: (card) => pairStage(card, bench.kit, places), draw: grid.draw, key };
};

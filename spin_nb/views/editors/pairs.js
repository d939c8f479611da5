// Two things side by side and one answer: which is better, or how well they fit.

import { h } from "../base/dom.js";
import { IMAGES, partCard } from "../media/item.js";
import { openMedium } from "../media/registry.js";
import { large } from "../media/thumbnail.js";
import { classEntries, classGrid, classIndex } from "./choices.js";
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
  const medium = waits ? { element: large(part) } : openMedium(part, kit);
  const title = h("div", { class: "spin-side-name" }, place ? h("b", {}, place) : null, h("span", { class: "spin-word", dir: "auto" }, part.name ?? ""));
  return { ...medium, element: h("div", { class: "spin-side" }, title, h("div", { class: "spin-side-body" }, medium.element)) };
}

function pairPane(card, kit, places) {
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

EDITORS.pairs = (editorApi) => {
  const { spec } = editorApi;
  const graded = Boolean(spec.grades);
  const { names } = spec;
  const sign = { first: " ←", second: " →", equal: " =" };
  const entries = classEntries(editorApi, names).map((entry) => ({
    ...entry,
    value: entry.name,
    name: graded ? entry.name : PAIR_WORDS[entry.name],
    key: () => `${entry.key()}${graded ? "" : sign[entry.name]}`,
  }));
  const pick = ({ value }) => editorApi.card && !editorApi.readOnly && editorApi.decide(value);
  const mark = ({ value }) => {
    const { suggestion } = editorApi.card;
    const suggested = suggestion?.value === value;
    const drafted = editorApi.value === value;
    return { suggested, p: suggested ? suggestion.p : null, chosen: drafted && !suggested, enter: drafted };
  };
  const grid = classGrid(editorApi, { entries, pick, mark, label: "answers" });
  const key = (event) => {
    if (!editorApi.card || editorApi.readOnly) return false;
    if (grid.key(event)) return true;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    const index = classIndex(editorApi, event);
    // In a sound or a series the arrows are that medium's own.
    const named = plain && !graded && !event.target.closest(".spin-sides") ? PAIR_KEYS[event.key] : undefined;
    const value = index !== null ? names[index] : names.find((name) => name === named);
    if (value === undefined) return false;
    if (!event.repeat) editorApi.decide(value);
    return true;
  };
  const question = h("p", { class: "spin-question", dir: "auto" }, spec.question ?? "Which is better?");
  const places = graded ? ["", ""] : ["First", "Second"];
  const panel = h("div", { class: "spin-panel" }, question, grid.element);
  return { panel, itemPane: (card) => pairPane(card, editorApi.kit, places), draw: grid.draw, key };
};

// Several classes for each item: keys switch them on and off, Enter submits. "None of them" is an answer of its own.

import { h } from "../base/dom.js";
import { character } from "../base/key_events.js";
import { choiceEntries, choiceGrid, choiceIndex, choiceSuggestion } from "./choices.js";
import { EDITORS } from "./registry.js";

/** The key of "none of them": zero, unless a class has it. */
function multiNoneKey(bench, names) {
  return names.some((_, index) => bench.key(`class:${index}`) === "0") ? "-" : "0";
}

/** The draft with one class switched, in the order of the task; without the last it is a fresh one again. */
function multiToggled({ names, empty = null }, value, name) {
  const chosen = new Set(value ?? []);
  if (!chosen.delete(name)) chosen.add(name);
  return chosen.size ? names.filter((each) => chosen.has(each)) : empty;
}

EDITORS.multilabel = (bench) => {
  const { names } = bench.spec;
  const none = { name: "none of them", index: -1, key: () => multiNoneKey(bench, names) };
  const isNone = (value) => Array.isArray(value) && value.length === 0;
  const pick = (entry) => {
    if (!bench.card || bench.readOnly) return;
    if (entry === none) bench.edit(isNone(bench.value) ? (bench.spec.empty ?? null) : [], "none of them");
    else {
      const value = multiToggled(bench.spec, bench.value, entry.name);
      bench.edit(value, `${entry.name} ${value?.includes(entry.name) ? "added" : "removed"}`);
    }
  };
  const mark = (entry) => {
    const has = (value) => (entry === none ? isNone(value) : Boolean(value?.includes(entry.name)));
    return { chosen: has(bench.value), suggested: has(bench.card.suggestion?.value) };
  };
  const entries = [...choiceEntries(bench, names), none];
  const grid = choiceGrid(bench, { entries, pick, mark, toggles: true });
  const said = choiceSuggestion(bench);
  const key = (event) => {
    if (!bench.card || bench.readOnly) return false;
    if (grid.key(event)) return true;
    const index = choiceIndex(bench, event);
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    const entry = index !== null ? entries[index] : plain && character(event) === none.key() ? none : null;
    if (entry) {
      if (!event.repeat) pick(entry);
      return true;
    }
    if (bench.value !== null || bench.meaning(event) !== "accept") return false;
    bench.warn(`Choose at least one, or “none of them” (${none.key()}).`);
    return true;
  };
  const panel = h("div", { class: "spin-panel" }, grid.element, h("div", { class: "spin-line spin-room" }, said.element));
  const draw = () => {
    grid.draw();
    said.draw();
  };
  return { panel, stage: () => null, draw, key };
};

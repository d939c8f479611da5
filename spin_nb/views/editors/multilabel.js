// Several classes for each item: keys switch them on and off, Enter submits. "None of them" is an answer of its own.

import { h } from "../base/dom.js";
import { character } from "../base/key_events.js";
import { classEntries, classGrid, classIndex, suggestionLine } from "./choices.js";
import { EDITORS } from "./registry.js";

/** The key of "none of them": zero, unless a class has it. */
function noneKey(editorApi, names) {
  return names.some((_, index) => editorApi.key(`class:${index}`) === "0") ? "-" : "0";
}

/** The draft with one class switched, in the order of the task; without the last it is a fresh one again. */
function toggleName({ names, empty = null }, value, name) {
  const chosenNames = new Set(value ?? []);
  if (!chosenNames.delete(name)) chosenNames.add(name);
  return chosenNames.size ? names.filter((each) => chosenNames.has(each)) : empty;
}

EDITORS.multilabel = (editorApi) => {
  const { names } = editorApi.spec;
  const none = { name: "none of them", index: -1, key: () => noneKey(editorApi, names) };
  const isNone = (value) => Array.isArray(value) && value.length === 0;
  const pick = (entry) => {
    if (!editorApi.card || editorApi.readOnly) return;
    if (entry === none) editorApi.edit(isNone(editorApi.value) ? (editorApi.spec.empty ?? null) : [], "none of them");
    else {
      const value = toggleName(editorApi.spec, editorApi.value, entry.name);
      editorApi.edit(value, `${entry.name} ${value?.includes(entry.name) ? "added" : "removed"}`);
    }
  };
  const mark = (entry) => {
    const has = (value) => (entry === none ? isNone(value) : Boolean(value?.includes(entry.name)));
    return { chosen: has(editorApi.value), suggested: has(editorApi.card.suggestion?.value) };
  };
  const entries = [...classEntries(editorApi, names), none];
  const grid = classGrid(editorApi, { entries, pick, mark, toggles: true });
  const suggestion = suggestionLine(editorApi);
  const key = (event) => {
    if (!editorApi.card || editorApi.readOnly) return false;
    if (grid.key(event)) return true;
    const index = classIndex(editorApi, event);
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    const entry = index !== null ? entries[index] : plain && character(event) === none.key() ? none : null;
    if (entry) {
      if (!event.repeat) pick(entry);
      return true;
    }
    if (editorApi.value !== null || editorApi.meaning(event) !== "accept") return false;
    editorApi.warn(`Choose at least one, or “none of them” (${none.key()}).`);
    return true;
  };
  const panel = h("div", { class: "spin-panel" }, grid.element, h("div", { class: "spin-line spin-room" }, suggestion.element));
  const draw = () => {
    grid.draw();
    suggestion.draw();
  };
  return { panel, itemPane: () => null, draw, key };
};

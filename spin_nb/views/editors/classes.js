// One class for each item: one key decides and the next item is there.

import { h } from "../base/dom.js";
import { classEntries, classGrid, classIndex, likeliestButtons } from "./choices.js";
import { EDITORS } from "./registry.js";

EDITORS.classes = (editorApi) => {
  const { names } = editorApi.spec;
  const pick = ({ name }) => editorApi.decide(name);
  const mark = ({ name }) => {
    const { suggestion } = editorApi.card;
    const suggested = suggestion?.value === name;
    const drafted = editorApi.value === name;
    return { suggested, p: suggested ? suggestion.p : null, chosen: drafted && !suggested, enter: drafted };
  };
  const entries = classEntries(editorApi, names);
  const grid = classGrid(editorApi, { entries, pick, mark });
  const likeliest = likeliestButtons(editorApi, entries, { pick, mark });
  const key = (event) => {
    if (!editorApi.card || editorApi.readOnly) return false;
    if (grid.key(event)) return true;
    const index = classIndex(editorApi, event);
    if (index === null || index >= names.length) return false;
    // A key held down would label unseen items.
    if (!event.repeat) editorApi.decide(names[index]);
    return true;
  };
  const draw = () => {
    likeliest.draw();
    grid.draw();
  };
  return { panel: h("div", { class: "spin-choice" }, likeliest.element, grid.element), itemPane: () => null, draw, key };
};

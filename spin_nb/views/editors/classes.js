// One class for each item: one key decides and the next item is there.

import { h } from "../base/dom.js";
import { choiceEntries, choiceGrid, choiceIndex, choiceLikeliest } from "./choices.js";
import { EDITORS } from "./registry.js";

EDITORS.classes = (bench) => {
  const { names } = bench.spec;
  const pick = ({ name }) => bench.decide(name);
  const mark = ({ name }) => {
    const { suggestion } = bench.card;
    const suggested = suggestion?.value === name;
    const drafted = bench.value === name;
    return { suggested, p: suggested ? suggestion.p : null, chosen: drafted && !suggested, enter: drafted };
  };
  const entries = choiceEntries(bench, names);
  const grid = choiceGrid(bench, { entries, pick, mark });
  const likeliest = choiceLikeliest(bench, entries, { pick, mark });
  const key = (event) => {
    if (!bench.card || bench.readOnly) return false;
    if (grid.key(event)) return true;
    const index = choiceIndex(bench, event);
    if (index === null || index >= names.length) return false;
    // A key held down would label unseen items.
    if (!event.repeat) bench.decide(names[index]);
    return true;
  };
  const draw = () => {
    likeliest.draw();
    grid.draw();
  };
  return { panel: h("div", { class: "spin-choice" }, likeliest.element, grid.element), stage: () => null, draw, key };
};

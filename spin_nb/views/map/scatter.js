// jupyter-scatter, from its library; until that is there, the map says so.

import { h, write } from "../base/dom.js";
import { libraryPatiently } from "../base/library.js";
import { startAgain } from "../base/restart.js";

const SCATTER = "where jupyter-scatter is"; // view.py writes {id, key} here

async function render({ model, el, signal }) {
  const words = h("div", { class: "spin-waiting", role: "status" }, "Loading the map …");
  const place = h("div", { class: "spin-view" }, words);
  el.append(place);
  try {
    const { default: scatter } = await libraryPatiently(model, SCATTER);
    place.remove();
    return signal?.aborted ? undefined : await scatter.render({ model, el });
  } catch (error) {
    write(words, `The map could not be drawn (${error.message}). Run this cell again.`);
    return undefined;
  }
}

export default { initialize: startAgain, render };

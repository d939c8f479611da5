// jupyter-scatter, from its library; until that is there, the map says so.

import { h, write } from "../base/dom.js";
import { libraryPatiently } from "../base/library.js";
import { startAgain } from "../base/restart.js";

const SCATTER = "where jupyter-scatter is"; // view.py writes {id, key} here

/** The map takes the keyboard where it was clicked or drawn in: a class key labels what is selected (panel.js). */
function takeKeys(el) {
  const facts = { tabindex: "0", role: "group", "aria-label": "Map of the pool", "data-lm-suppress-shortcuts": "true" };
  for (const [name, value] of Object.entries(facts)) el.setAttribute(name, value);
  el.classList.add("spin-map-points");
  const focus = () => el.focus({ preventScroll: true });
  const letGo = (event) => event.key === "Escape" && (el.parentElement?.closest("[tabindex]") ?? el).focus();
  el.addEventListener("pointerdown", focus);
  el.addEventListener("keydown", letGo);
  return () => {
    el.removeEventListener("pointerdown", focus);
    el.removeEventListener("keydown", letGo);
  };
}

async function render({ model, el, signal }) {
  const words = h("div", { class: "spin-waiting", role: "status" }, "Loading the map …");
  const place = h("div", { class: "spin-view" }, words);
  el.append(place);
  try {
    const { default: scatter } = await libraryPatiently(model, SCATTER);
    place.remove();
    if (signal?.aborted) return undefined;
    const close = await scatter.render({ model, el });
    const free = takeKeys(el);
    return () => {
      free();
      return close?.();
    };
  } catch (error) {
    write(words, `The map could not be drawn (${error.message}). Run this cell again.`);
    return undefined;
  }
}

export default { initialize: startAgain, render };

// Media alone on a page: what the kernel is asked is a list of questions.

import { h } from "../../../spin_nb/views/base/dom.js";
import "../../../spin_nb/views/media/all.js";
import { niceTicks, plotInks, sharpen, tickWords } from "../../../spin_nb/views/media/drawing.js";
import { decode } from "../../../spin_nb/views/media/item.js";
import { MEDIA, openMedium } from "../../../spin_nb/views/media/registry.js";
import { paintSeries, SeriesView } from "../../../spin_nb/views/media/series_view.js";
import { mediumSmall, mediumStill } from "../../../spin_nb/views/media/still.js";
import { readSeries } from "../../../spin_nb/views/media/trace.js";

window.spin = { MEDIA, openMedium, mediumStill, mediumSmall, decode, niceTicks, tickWords,
  SeriesView, readSeries, paintSeries, plotInks, sharpen };
window.asked = [];
window.said = [];
window.decoding = 0; // pictures on their way to being decoded
const bitmapOf = window.createImageBitmap.bind(window);
window.createImageBitmap = (...source) => {
  decoding += 1;
  return bitmapOf(...source).finally(() => { decoding -= 1; });
};
const kit = {
  ask: (verb, fields) => new Promise((resolve, reject) => asked.push({ verb, fields, resolve, reject })),
  say: (words) => said.push(words),
  draw: () => {},
};
const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
window.answer = (at, reply, pictures = []) => asked[at].resolve([reply, pictures.map(bytesOf)]);
window.open_ = async (card, buffers) => {
  window.medium?.close?.();
  await decode(card, buffers.map((text, i) => new DataView(bytesOf(text).buffer)));
  document.body.replaceChildren();
  const root = h("section", { class: "spin-view spin-labeller", tabindex: "0" });
  const frame = h("div", { class: "spin-frame" });
  root.append(frame);
  document.body.append(root);
  window.card = card;
  window.medium = openMedium(card, kit);
  frame.append(medium.element);
  root.addEventListener("keydown", (event) => {
    window.used = medium.key?.(event) ?? false;
    if (used) event.preventDefault();
  });
  root.focus();
};
window.frames_ = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

// Media alone on a page: what the kernel is asked is a list of questions.

import { h } from "../../../spin_nb/views/base/dom.js";
import "../../../spin_nb/views/media/all.js";
import { niceTicks, plotInks, sharpen, tickWords } from "../../../spin_nb/views/media/drawing.js";
import { decode } from "../../../spin_nb/views/media/item.js";
import { readSeries } from "../../../spin_nb/views/media/line_plot.js";
import { MEDIA, openMedium } from "../../../spin_nb/views/media/registry.js";
import { paintSeries, SeriesView } from "../../../spin_nb/views/media/series_view.js";
import { preview, thumbnail } from "../../../spin_nb/views/media/thumbnail.js";

window.spin = { MEDIA, openMedium, preview, thumbnail, decode, niceTicks, tickWords,
  SeriesView, readSeries, paintSeries, plotInks, sharpen };
window.questions = [];
window.messages = [];
window.decoding = 0; // pictures on their way to being decoded
const bitmapOf = window.createImageBitmap.bind(window);
window.createImageBitmap = (...source) => {
  window.decoding += 1;
  return bitmapOf(...source).finally(() => { window.decoding -= 1; });
};
const kit = {
  ask: (verb, fields) => new Promise((resolve, reject) => window.questions.push({ verb, fields, resolve, reject })),
  say: (words) => window.messages.push(words),
  draw: () => {},
};
const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
window.answer = (at, reply, pictures = []) => window.questions[at].resolve([reply, pictures.map(bytesOf)]);
window.open_ = async (card, buffers) => {
  window.medium?.close?.();
  await decode(card, buffers.map((text) => new DataView(bytesOf(text).buffer)));
  document.body.replaceChildren();
  const root = h("section", { class: "spin-view spin-labeller", tabindex: "0" });
  const frame = h("div", { class: "spin-frame" });
  root.append(frame);
  document.body.append(root);
  window.card = card;
  window.medium = openMedium(card, kit);
  frame.append(window.medium.element);
  root.addEventListener("keydown", (event) => {
    window.used = window.medium.key?.(event) ?? false;
    if (window.used) event.preventDefault();
  });
  root.focus();
};
window.frames_ = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

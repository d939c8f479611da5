// Class probabilities as strips: a dot for each posterior sample, a bar for their mean.

import { briefly, h, svgElement } from "../base/dom.js";

const BINS = 80; // as many columns of dots as fit beside each other
const STEP = 3.2; // pixels between dots that would cover each other

/** Numbers of a float32 buffer, wherever in the message it lies. */
function floats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** Places of the dots: those that would cover each other are stacked, outwards from the middle. */
function swarm(values, height) {
  const columns = new Map();
  for (const p of values) {
    const bin = Math.round(p * BINS);
    columns.set(bin, [...(columns.get(bin) ?? []), p]);
  }
  return [...columns.values()].flatMap((column) => {
    const step = Math.min(STEP, (height - 6) / Math.max(1, column.length - 1));
    return column.map((p, k) => [p, height / 2 + (k % 2 ? 1 : -1) * Math.ceil(k / 2) * step]);
  });
}

const percent = (p) => `${Math.round(100 * p)}%`;

function strip({ name: whole, colour, mean, low, high, draws }, height) {
  const name = briefly(whole, 200);
  const words = `${name}: ${percent(mean)}; nine in ten samples lie between ${percent(low)} and ${percent(high)}`;
  const picture = svgElement("svg", { role: "img", "aria-label": words, height, width: "100%" });
  const title = svgElement("title", {});
  title.textContent = words;
  picture.append(title);
  for (const at of ["0%", "50%", "100%"]) picture.append(svgElement("line", { class: "spin-grid", x1: at, x2: at, y1: 0, y2: height }));
  for (const [p, y] of swarm(floats(draws), height)) picture.append(svgElement("circle", { cx: `${100 * p}%`, cy: y, r: 2, fill: colour }));
  const at = `${100 * mean}%`;
  picture.append(svgElement("line", { class: "spin-mean", x1: at, x2: at, y1: 2, y2: height - 2 }));
  return [h("span", { class: "spin-class", title: name }, name), h("span", { class: "spin-swarm" }, picture), h("span", { class: "spin-count" }, percent(mean))];
}

/** The strips, or the sentence that says why there are none. */
export function chances({ says, rows, note }) {
  if (!rows?.length) return note ? [h("p", { class: "spin-note" }, note)] : [];
  const axis = ["0%", "50%", "100%"].map((at) => h("span", {}, at));
  const last = [h("span", {}), h("span", { class: "spin-axis", "aria-hidden": "true" }, ...axis), h("span", {})];
  const height = rows.length > 6 ? 26 : rows.length > 4 ? 34 : 44;
  return [
    h("div", { class: "spin-heading" }, says),
    h("div", { class: "spin-strips" }, ...rows.flatMap((row) => strip(row, height)), ...last),
    h("div", { class: "spin-hint" }, note),
  ];
}

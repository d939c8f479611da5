// One item beside a map or a grid: larger, with its prediction and what is known of it.

import { briefly, h } from "../base/dom.js";
import { large } from "./thumbnail.js";

/** A name that cannot fill its place. */
export function named(name) {
  const words = briefly(name, 200); // one of a million characters must not fill the panel
  return h("span", { class: "spin-name", title: words }, words);
}

function bars(list) {
  const rows = list.map(({ name, p, colour }) => {
    const percent = `${Math.round(100 * p)}%`;
    const fill = h("span", { class: "spin-fill" });
    fill.style.width = percent;
    fill.style.background = colour;
    return h("div", { class: "spin-bar" }, named(name), h("span", { class: "spin-track" }, fill), h("span", { class: "spin-count" }, percent));
  });
  return h("div", { class: "spin-bars" }, ...rows);
}

function facts(list) {
  return h("dl", {}, ...list.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** The parts of an item's card: its name, itself, what the model says of it, facts, a note. */
export function itemCard(item) {
  if (!item.id) return [h("div", { class: "spin-hint" }, item.note ?? "")];
  return [
    h("div", { class: "spin-title spin-name", title: item.id }, item.id),
    h("div", { class: "spin-shown" }, large(item)),
    item.bars?.length ? bars(item.bars) : null,
    item.facts?.length ? facts(item.facts) : null,
    item.note ? h("div", { class: "spin-hint" }, item.note) : null,
  ];
}

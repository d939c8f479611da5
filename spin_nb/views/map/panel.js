// The panel beside the map. It only draws traits; the one thing it changes is `choice`.

import { briefly, h, write } from "../base/dom.js";
import { startAgain } from "../base/restart.js";
import { decode, release } from "../media/item.js";
import { large } from "../media/thumbnail.js";

function chooser(model) {
  const options = model.get("choices").map((name, i) => h("option", { value: i }, briefly(name, 200)));
  const select = h("select", { "aria-label": "colour the map by" }, ...options);
  select.value = String(model.get("choice"));
  select.addEventListener("change", () => {
    model.set("choice", Number(select.value));
    model.save_changes();
  });
  return h("label", { class: "spin-choose" }, "Colour by", select);
}

function named(name) {
  const words = briefly(name, 200); // one of a million characters must not fill the panel
  return h("span", { class: "spin-name", title: words }, words);
}

function ramp({ ramp: colours, low, high }) {
  const bar = h("div", { class: "spin-ramp" });
  bar.style.background = `linear-gradient(to right, ${colours.join(",")})`;
  return h("div", {}, bar, h("div", { class: "spin-ends" }, h("span", {}, low), h("span", {}, high)));
}

function entries(list) {
  const rows = list.map(({ name, colour, count }) => {
    const swatch = h("span", { class: "spin-swatch" });
    swatch.style.background = colour;
    return h("li", {}, swatch, named(name), h("span", { class: "spin-count" }, count.toLocaleString()));
  });
  const isShort = list.every(({ name }) => name.length <= 12);
  return h("ul", { class: list.length > 6 && isShort ? "spin-legend spin-two" : "spin-legend" }, ...rows);
}

function legend(model) {
  const { title, note, ramp: colours, low, high, entries: list } = model.get("legend");
  return [
    title ? h("div", { class: "spin-title" }, title) : null,
    colours?.length ? ramp({ ramp: colours, low, high }) : null,
    note ? h("div", { class: "spin-hint" }, note) : null,
    list?.length ? entries(list) : null,
  ];
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

function card(item) {
  if (!item.id) return [h("div", { class: "spin-hint" }, item.note ?? "")];
  return [
    h("div", { class: "spin-title spin-name", title: item.id }, item.id),
    h("div", { class: "spin-shown" }, large(item)),
    item.bars?.length ? bars(item.bars) : null,
    item.facts?.length ? facts(item.facts) : null,
    item.note ? h("div", { class: "spin-hint" }, item.note) : null,
  ];
}

/** Redraws the item; the latest wins, whatever order the pictures are decoded in. */
function itemDrawer(model, host) {
  let turn = 0;
  let lastItem = null;
  const draw = async () => {
    const mine = ++turn;
    const item = structuredClone(model.get("item")); // bitmaps belong to this view, not to the model
    await decode(item);
    if (mine !== turn) return release(item);
    if (lastItem) release(lastItem);
    lastItem = item;
    put(host, card(item));
  };
  return draw;
}

function put(host, parts) {
  host.replaceChildren(...parts.filter((part) => part));
}

function render({ model, el }) {
  const parts = ["spin-chooser", "spin-section", "spin-section", "spin-hint"].map((name) => h("div", { class: name }));
  const [choose, explain, item, status] = parts;
  el.append(h("div", { class: "spin-view spin-card", "data-lm-suppress-shortcuts": "true" }, ...parts));
  const draws = {
    "change:choices change:choice": () => put(choose, [chooser(model)]),
    "change:legend": () => put(explain, legend(model)),
    "change:item": itemDrawer(model, item),
    "change:status": () => write(status, model.get("status")),
  };
  const pairs = Object.entries(draws).flatMap(([events, draw]) => events.split(" ").map((event) => [event, draw]));
  pairs.forEach(([event, draw]) => model.on(event, draw));
  Object.values(draws).forEach((draw) => draw());
  return () => pairs.forEach(([event, draw]) => model.off(event, draw));
}

export default { initialize: startAgain, render };

// The panel beside the map. It only draws traits; the one thing it changes is `choice`.

import { briefly, h, write } from "../base/dom.js";
import { startAgain } from "../base/restart.js";
import { channel } from "../base/channel.js";
import { actionOf, keyTable } from "../base/keys.js";
import { decode, release } from "../media/item.js";
import { itemCard, named } from "../media/item_card.js";

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

/** Redraws the item; the latest wins, whatever order the pictures are decoded in. */
function itemDrawer(model, host, moreLike) {
  let turn = 0;
  let lastItem = null;
  const draw = async () => {
    const mine = ++turn;
    const item = structuredClone(model.get("item")); // bitmaps belong to this view, not to the model
    await decode(item);
    if (mine !== turn) return release(item);
    if (lastItem) release(lastItem);
    lastItem = item;
    const hadFocus = host.contains(document.activeElement);
    const more = item.id && h("button", { type: "button", class: "spin-more", "aria-label": `more like ${briefly(item.id, 80)}`, onclick: () => moreLike(item.id) }, "More like this (=)");
    put(host, [...itemCard(item), more]);
    if (hadFocus && more) more.focus();
  };
  return draw;
}

function put(host, parts) {
  host.replaceChildren(...parts.filter((part) => part));
}

const MINUTES = 600000; // milliseconds: behind a busy cell

/** Class keys on the map label what is selected there; what they did stands beside it, with its undo. */
function selectionKeys(model, root, host) {
  const talk = channel(model, () => {});
  const words = h("span");
  const undo = h("button", { type: "button", "aria-keyshortcuts": "U", onclick: () => ask("undo") }, "Undo (U)");
  host.setAttribute("role", "status");
  host.append(words, " ", undo);
  const draw = () => {
    write(words, model.get("notice"));
    undo.hidden = !model.get("notice").startsWith("Labelled");
  };
  async function ask(verb, fields) {
    try {
      const [answer] = await talk.ask(verb, fields, MINUTES);
      if (answer.problem) write(words, `${answer.problem.what} ${answer.problem.do}`);
    } catch {
      write(words, "The kernel was restarted: run this cell again.");
    }
  }
  const moreLike = (id) => ask("similar", { id });
  const onKey = (event) => {
    const map = event.target.closest?.(".spin-map");
    if (!map?.contains(root) || event.repeat || event.target.closest("select, input, button")) return;
    const table = keyTable(model.get("names"), model.get("bindings"));
    const isMore = event.key === "=" && !event.ctrlKey && !event.metaKey && !table.has("=") && model.get("item").id;
    const action = isMore ? "similar" : actionOf(event, table);
    const isClass = action?.startsWith("class:") && model.get("n_selected") > 0;
    if (!isClass && !isMore && (action !== "undo" || undo.hidden)) return;
    event.preventDefault();
    event.stopPropagation();
    if (isClass) ask("label", { class: Number(action.slice(6)) });
    else if (isMore) moreLike(model.get("item").id);
    else ask("undo");
  };
  document.addEventListener("keydown", onKey, true);
  const close = () => {
    document.removeEventListener("keydown", onKey, true);
    talk.close();
  };
  return { draw, close, moreLike };
}

function render({ model, el }) {
  const parts = ["spin-chooser", "spin-section", "spin-section", "spin-map-notice", "spin-hint"].map((name) => h("div", { class: name }));
  const [choose, explain, item, notice, status] = parts;
  const root = h("div", { class: "spin-view spin-card", "data-lm-suppress-shortcuts": "true" }, ...parts);
  el.append(root);
  const keys = selectionKeys(model, root, notice);
  const draws = {
    "change:choices change:choice": () => put(choose, [chooser(model)]),
    "change:legend": () => put(explain, legend(model)),
    "change:item": itemDrawer(model, item, keys.moreLike),
    "change:notice": keys.draw,
    "change:status": () => write(status, model.get("status")),
  };
  const pairs = Object.entries(draws).flatMap(([events, draw]) => events.split(" ").map((event) => [event, draw]));
  pairs.forEach(([event, draw]) => model.on(event, draw));
  Object.values(draws).forEach((draw) => draw());
  return () => {
    pairs.forEach(([event, draw]) => model.off(event, draw));
    keys.close();
  };
}

export default { initialize: startAgain, render };

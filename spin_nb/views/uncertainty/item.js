// One item as the model sees it, and the items that bear on it. Draws traits; asks Python to look at another item.

import { channel } from "../base/channel.js";
import { briefly, h, write } from "../base/dom.js";
import { startAgain } from "../base/restart.js";
import { decode, release } from "../media/item.js";
import { large, thumbnail } from "../media/thumbnail.js";
import { chances } from "./strip.js";

const BACK = { verb: "back" };
const NEXT = { verb: "next" };

/** A small item that can be looked at: picture or words, what it is called, how it bears on the item. */
function thumb(look, card, ...below) {
  const label = briefly(card.label ?? "", 200);
  const chip = label ? h("span", { class: "spin-chip", title: label }, label) : null;
  if (chip) chip.style.setProperty("--spin-colour", card.colour);
  const ariaLabel = `look at ${card.id}${label ? `, labelled ${label}` : ""}`;
  return h("button", { type: "button", class: "spin-card", title: card.id, "aria-label": ariaLabel, onclick: () => look(card.id) }, thumbnail(card, 96), chip, ...below);
}

function navigation(model, look) {
  const button = (name, to, key) => h("button", { type: "button", title: `${name} (${key})`, "aria-keyshortcuts": key, onclick: () => look(to) }, name);
  const back = button("‹ Back", BACK, "b");
  const field = h("input", { type: "text", placeholder: "item id  (/)", "aria-label": "look at the item with this id", "aria-keyshortcuts": "/", spellcheck: "false" });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && field.value.trim()) look(field.value.trim());
    if (event.key === "Escape") field.blur();
  });
  const update = () => (back.disabled = !model.get("can").back);
  update();
  return [update, [back, button("Most uncertain", "", "m"), button("Next", NEXT, "n"), field]];
}

function heading(item) {
  if (!item.id) return [];
  const chip = item.label ? h("span", { class: "spin-chip" }, briefly(item.label, 200)) : h("span", { class: "spin-hint" }, "not labelled");
  chip.style.setProperty("--spin-colour", item.colour ?? "transparent");
  return [h("span", { class: "spin-title", title: item.id }, item.id), chip];
}

function doubt({ epistemic, aleatoric, most, words }) {
  const part = (name, value, why) => {
    const fill = h("i", { class: `spin-${name}`, title: `${name} ${value.toFixed(2)} nats: ${why}` });
    fill.style.width = `${(100 * value) / most}%`;
    return [fill, h("span", { class: `spin-key spin-${name}` }, h("b", {}, name), ` ${value.toFixed(2)} nats: ${why}`)];
  };
  const [epistemicBar, epistemicKey] = part("epistemic", epistemic, "labels would remove it");
  const [aleatoricBar, aleatoricKey] = part("aleatoric", aleatoric, "stays");
  const ariaLabel = `epistemic ${epistemic.toFixed(2)}, aleatoric ${aleatoric.toFixed(2)}, of at most ${most.toFixed(2)} nats`;
  const bar = h("div", { class: "spin-doubt", role: "img", "aria-label": ariaLabel }, epistemicBar, aleatoricBar);
  return [bar, h("div", { class: "spin-keys" }, epistemicKey, aleatoricKey), h("p", {}, words)];
}

function near({ words, cards }, look) {
  const buttons = cards.map((card) => thumb(look, card, h("span", { class: "spin-hint" }, card.distance), h("span", {}, card.words)));
  return [h("div", { class: "spin-heading" }, "Nearest labels"), buttons.length ? h("div", { class: "spin-cards" }, ...buttons) : null, h("p", {}, words)];
}

function mind({ words, rows, lesson, fine }, look) {
  const lines = rows.map(({ card, text, chance }) => h("li", {}, thumb(look, card), h("span", {}, text, " ", h("span", { class: "spin-hint" }, chance))));
  return [
    h("div", { class: "spin-heading" }, "What would change its mind"),
    words ? h("p", {}, words) : null,
    lines.length ? h("ul", { class: "spin-minds" }, ...lines) : null,
    lesson ? h("p", { class: "spin-taught" }, lesson) : null,
    h("p", { class: "spin-hint" }, fine),
  ];
}

/** Draw a trait once the pictures of its cards are decoded; the latest wins, whatever order they come in. */
function pictured(model, name, cards, draw) {
  let turn = 0;
  let lastCards = [];
  return async () => {
    const mine = ++turn;
    const value = structuredClone(model.get(name)); // bitmaps belong to this view, not to the model
    const newCards = cards(value);
    await Promise.all(newCards.map((card) => decode(card)));
    if (mine !== turn) return newCards.forEach(release);
    draw(value);
    lastCards.forEach(release);
    lastCards = newCards;
  };
}

function keyboard(root, look) {
  root.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { b: () => look(BACK), m: () => look(""), n: () => look(NEXT), "/": () => root.querySelector("input")?.focus() }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function asking(talk, problem) {
  return async (to) => {
    try {
      const [answer] = await (typeof to === "string" ? talk.ask("look", { id: to }) : talk.ask(to.verb));
      write(problem, answer.problem ? `${answer.problem.what} ${answer.problem.do}` : "");
    } catch (error) {
      write(problem, error.gone ? "The kernel was restarted: run this cell again." : "The notebook is busy: it answers when the cell is done.");
    }
  };
}

function render({ model, el }) {
  const names = ["toolbar", "problem", "head", "top", "doubts", "near", "mind"];
  const at = Object.fromEntries(names.map((name) => [name, h("div", { class: `spin-${name}` })]));
  const [frame, plot] = ["frame", "plot"].map((name) => h("div", { class: `spin-${name}` }));
  at.problem.setAttribute("role", "alert");
  at.head.setAttribute("role", "status");
  at.top.append(frame, plot);
  const root = h("div", { class: "spin-view spin-explain", tabindex: "-1", "data-lm-suppress-shortcuts": "true" }, ...Object.values(at));
  el.append(root);
  const talk = channel(model, () => {});
  const look = asking(talk, at.problem);
  const put = (host, parts) => {
    const hadFocus = host.contains(document.activeElement);
    host.replaceChildren(...parts.filter((part) => part));
    if (hadFocus) root.focus(); // what was clicked is gone: the keys stay here
  };
  const full = (value) => Object.keys(value).length > 0;
  const draws = {
    item: pictured(model, "item", (item) => (item.id ? [item] : []), (item) => {
      put(at.head, heading(item));
      put(frame, item.id ? [large(item)] : []);
    }),
    chances: () => put(plot, chances(model.get("chances"))),
    doubt: () => put(at.doubts, full(model.get("doubt")) ? doubt(model.get("doubt")) : []),
    near: pictured(model, "near", (value) => value.cards ?? [], (value) => put(at.near, full(value) ? near(value, look) : [])),
    mind: pictured(model, "mind", (value) => (value.rows ?? []).map((row) => row.card), (value) => put(at.mind, full(value) ? mind(value, look) : [])),
  };
  if (full(model.get("can"))) {
    const [update, parts] = navigation(model, look);
    at.toolbar.append(...parts);
    draws.can = update;
  }
  keyboard(root, look);
  for (const [name, draw] of Object.entries(draws)) {
    model.on(`change:${name}`, draw);
    draw();
  }
  return () => {
    for (const [name, draw] of Object.entries(draws)) model.off(`change:${name}`, draw);
    talk.close();
  };
}

export default { initialize: startAgain, render };

// Any item by its kind, and several things at once for one item: each part with its name, each its own medium.

import { briefly, h } from "../base/dom.js";
import { note, partCard } from "./item.js";
import { MEDIA, openMedium } from "./registry.js";

function openPart(card, part, kit) {
  const name = briefly(part.name ?? "", 120) || "part";
  const medium = openMedium(partCard(card, part), kit);
  const head = h("div", { class: "spin-part-name" }, h("bdi", { title: name }, name));
  const element = h("section", { class: "spin-part", tabindex: "-1", role: "group", "aria-label": name }, head, h("div", { class: "spin-part-body" }, medium.element));
  return { element, key: medium.key, close: medium.close };
}

/** The medium that is worked on, and the card's other parts beside it. */
export function withOthers(card, source, kit, main) {
  const parts = (card.parts ?? []).filter((part) => part.name !== source.name);
  if (!parts.length) return main;
  const others = parts.map((part) => openPart(card, part, kit));
  const beside = h("div", { class: "spin-beside" }, ...others.map((part) => part.element));
  const element = h("div", { class: "spin-workplace" }, h("div", { class: "spin-worked" }, main.element), beside);
  const key = (event) => others.some((part) => part.element.contains(event.target) && part.key?.(event)) || main.key?.(event) || false;
  const close = () => {
    for (const part of [main, ...others]) part.close?.();
  };
  return { element, key, close };
}

MEDIA["multipart/mixed"] = (card, kit) => {
  const parts = (card.parts ?? []).map((part) => openPart(card, part, kit));
  if (!parts.length) return { element: note("This item has no parts.") };
  const element = h("div", { class: "spin-medium spin-several" }, ...parts.map((part) => part.element));
  element.style.setProperty("--spin-parts", parts.length);
  /** To the part that has the focus, else to the first that uses the key. */
  const key = (event) => {
    const focused = parts.find((part) => part.element.contains(document.activeElement));
    return focused?.key?.(event) || parts.some((part) => part !== focused && part.key?.(event)) || false;
  };
  return { element, key, close: () => parts.forEach((part) => part.close?.()) };
};

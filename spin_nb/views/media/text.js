// Texts and table rows of any length: the beginning at once, the rest when asked for, in pieces that never freeze.

import { briefly, h, write } from "../base/dom.js";
import { backToView, keyName } from "./drawing.js";
import { note } from "./item.js";
import { MEDIA } from "./registry.js";

const PIECE = 20000; // characters
const CELL = 2000; // characters of a value in a table row
const LINES = 200; // columns of a table row

/** Where a piece that begins at `from` ends: after a line, else after a word, never inside a character. */
function pieceEnd(text, from, most) {
  if (text.length - from <= most) return text.length;
  const piece = text.slice(from, from + most);
  for (const mark of ["\n", " "]) {
    const at = piece.lastIndexOf(mark);
    if (at > most / 2) return from + at + 1;
  }
  return from + most - (/[\uD800-\uDBFF]$/.test(piece) ? 1 : 0);
}

/** A long text as blocks; each a separate layout, so that the next one does not lay out the first again. */
function textPieces(text, most = PIECE) {
  let end = 0;
  let frame = 0;
  const body = h("div", { class: "spin-pieces" });
  const more = h("button", { type: "button", class: "spin-tool", onclick: (event) => (add(), backToView(event)) });
  const all = h("button", { type: "button", class: "spin-tool", onclick: (event) => (addAll(), backToView(event)) }, "Show all");
  const element = h("div", { dir: "auto" }, body);
  const bar = h("div", { class: "spin-more" }, more, all);
  const add = () => {
    const to = pieceEnd(text, end, most);
    body.append(h("div", {}, text.slice(end, to)));
    end = to;
    if (end === text.length) {
      if (bar.contains(document.activeElement)) bar.closest("[tabindex]")?.focus({ preventScroll: true });
      return bar.remove();
    }
    const rest = text.length - end;
    write(more, rest > most ? `Show ${most.toLocaleString("en")} more of ${rest.toLocaleString("en")} characters` : `Show the last ${rest.toLocaleString("en")} characters`);
    all.hidden = rest <= most;
  };
  const addAll = () => {
    all.disabled = true;
    add();
    frame = end < text.length ? requestAnimationFrame(addAll) : 0;
  };
  add();
  if (end < text.length) element.append(bar);
  return { element, close: () => cancelAnimationFrame(frame) };
}

const SCROLL_KEYS = { __proto__: null, ArrowDown: 40, ArrowUp: -40, PageDown: 240, PageUp: -240, Home: -1e9, End: 1e9 };

/** A medium that scrolls: its arrows, and what its parts have to close. */
function scrolling(className, label, children, close) {
  const element = h("div", { class: `spin-medium ${className}`, tabindex: "0", role: "region", "aria-label": label }, ...children);
  const key = (event) => {
    const by = SCROLL_KEYS[keyName(event)];
    if (!by || element.scrollHeight <= element.clientHeight) return false;
    element.scrollTop += by;
    return true;
  };
  return { element, key, close };
}

MEDIA["text/plain"] = (card) => {
  const text = String(card.data ?? "");
  if (!text.trim()) return { element: note("This text is empty.") };
  const { element, close } = textPieces(text);
  element.className = "spin-text";
  return scrolling("spin-reader", "text", [element], close);
};

MEDIA["application/json"] = (card) => {
  const entries = Object.entries(card.data ?? {});
  if (!entries.length) return { element: note("This row is empty.") };
  const closing = [];
  const line = ([name, value]) => {
    const { element, close } = textPieces(String(value ?? ""), CELL);
    closing.push(close);
    return h("tr", {}, h("th", { scope: "row", title: briefly(name, 400) }, h("bdi", {}, briefly(name, 120))), h("td", {}, element));
  };
  const body = h("tbody", {}, ...entries.slice(0, LINES).map(line));
  const rest = entries.slice(LINES);
  const show = (event) => {
    body.append(...rest.map(line));
    backToView(event);
    more.remove();
  };
  const more = rest.length ? h("button", { type: "button", class: "spin-tool", onclick: show }, `Show ${rest.length.toLocaleString("en")} more columns`) : null;
  return scrolling("spin-reader", "table row", [h("table", { class: "spin-row" }, body), more], () => closing.forEach((close) => close()));
};

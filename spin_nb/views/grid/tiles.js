// Tiles on screen: only the rows around what is in view exist; the others are height.

import { briefly, h, write } from "../base/dom.js";
import { decode, oneAtATime, release } from "../media/item.js";
import { labelShapes } from "../media/label_shapes.js";
import { preview } from "../media/thumbnail.js";
import { gridSizes, placeOfRow, rowsIn, scrollMap } from "./scroll.js";

const SIZES = { small: { width: 84, height: 100 }, medium: { width: 136, height: 156 }, large: { width: 232, height: 252 } };
const MIN_WIDTH = 60; // pixels of a tile on a narrow page
const FOOT = 24; // pixels of a tile that hold its words
const GAP = 6;
const OVERSCAN = 0.75; // of what is in view, above and below
const MOST = 120; // cards in one question
const RESTS = 150; // milliseconds after the last step of a scroll
const RETRY = 1000; // milliseconds

/** The size of a tile: on a narrow page two stand side by side, but for large ones. */
export function tileSize(name, width) {
  const size = SIZES[name];
  const narrow = Math.max(MIN_WIDTH, Math.floor((width - GAP) / 2));
  return name === "large" || narrow >= size.width ? size : { width: narrow, height: narrow + FOOT };
}

/** What a tile says below its picture: the label, else what the model thinks, else that it is being asked. */
export function footOf(fact, names) {
  if (fact.label !== null && fact.label !== undefined) return { tone: "label", words: fact.label, index: fact.class ?? -1 };
  if (fact.kind === "skip" || fact.kind === "unsure") return { tone: "note", words: fact.kind === "skip" ? "skipped" : "unsure", index: -1 };
  if (fact.asked) return { tone: "note", words: "being asked", index: -1 };
  if (!fact.guess) return { tone: "none", words: "", index: -1 };
  const [index, p] = fact.guess;
  return { tone: "guess", words: `${names[index] ?? ""}? ${Math.round(100 * p)}%`, index };
}

function labelOf(fact, foot) {
  const state = foot.tone === "guess" ? `the model says ${foot.words}` : foot.words || "not labelled";
  return `${briefly(fact.id, 80)}: ${briefly(state, 80)}${fact.flagged ? ", flagged" : ""}${fact.tags?.length ? `, tagged ${briefly(fact.tags.join(", "), 80)}` : ""}`;
}

/** A tile: `fill(card)` shows an item, `say(fact)` what holds for it. */
function newTile(place, uid, spec) {
  const body = h("div", { class: "spin-tile-body" });
  const words = h("bdi", { class: "spin-tile-words" });
  const swatch = h("span", { class: "spin-tile-swatch" });
  const foot = h("div", { class: "spin-tile-foot" }, swatch, words);
  // For the pointer: in a listbox options hold no controls, so the keyboard has a key of the list for it.
  const tags = h("bdi", { class: "spin-tile-tags" });
  const more = h("span", { class: "spin-tile-more", "aria-hidden": "true", title: "More like this (=)" }, "≈");
  const element = h("div", { class: "spin-tile", role: "option", id: `${uid}-${place}`, "data-at": place, "aria-selected": "false", "aria-label": "loading", "aria-keyshortcuts": "=" }, body, tags, foot, more);
  let size = null;
  let gone = false;
  return {
    element,
    isFull: false,
    async fill(card, buffers) {
      await decode(card, buffers);
      if (!gone) {
        element.classList.toggle("spin-tile-broken", Boolean(card.broken));
        body.replaceChildren(preview(card));
        size = card.size;
        this.isFull = true;
      }
      release(card); // its pixels are on a canvas by now
      card.bytes = [];
    },
    say(fact) {
      if (!fact) return;
      const state = footOf(fact, spec.names);
      element.dataset.tone = state.tone;
      element.classList.toggle("spin-tile-flagged", Boolean(fact.flagged));
      swatch.style.background = state.index >= 0 ? spec.colours[state.index % spec.colours.length] : "";
      swatch.hidden = state.index < 0;
      write(words, briefly(state.words, 60));
      write(tags, (fact.tags ?? []).map((tag) => `#${briefly(tag, 40)}`).join(" "));
      tags.hidden = !tags.textContent;
      element.setAttribute("aria-label", labelOf(fact, state));
      body.querySelector(".spin-label-layer")?.remove();
      const shapes = fact.shapes ? labelShapes(fact.shapes, size) : null;
      if (shapes) body.append(shapes);
    },
    mark(isMarked) {
      element.setAttribute("aria-selected", String(isMarked));
    },
    close() {
      gone = true;
    },
  };
}

/**
 * The scrolled list. `ask(verb, fields)` asks the kernel; `marks` say what is marked.
 * `show(order)` begins anew, `resize()` follows width and size of tiles, `refresh()` asks again what holds.
 */
export function tileList({ ask, marks, spec, uid, onProblem }) {
  const content = h("div", { class: "spin-grid-content", role: "presentation" });
  const element = h("div", { class: "spin-grid-scroll", role: "listbox", tabindex: "0", "aria-multiselectable": "true", "aria-label": "Items" }, content);
  const scroll = scrollMap();
  const rows = new Map(); // row -> {element, tiles}
  let sizes = gridSizes(0, 1, SIZES.medium, GAP);
  let tile = "medium";
  let version = 0;
  let focus = 0;
  let frame = 0;
  let rest = 0;
  let closed = false;

  const tileAt = (place) => rows.get(Math.floor(place / sizes.columns))?.tiles[place % sizes.columns];
  const height = () => element.clientHeight || 1;
  const around = () => rowsIn(sizes, scroll.place, height(), OVERSCAN * height());

  const addRow = (row) => {
    const first = row * sizes.columns;
    const places = Array.from({ length: Math.min(sizes.columns, sizes.n - first) }, (_, i) => first + i);
    const tiles = places.map((place) => newTile(place, uid, spec));
    const line = h("div", { class: "spin-grid-row", role: "presentation" }, ...tiles.map((each) => each.element));
    rows.set(row, { element: line, tiles });
    tiles.forEach((each, i) => {
      each.mark(marks.has(first + i));
      each.element.classList.toggle("spin-tile-focus", first + i === focus);
      each.element.setAttribute("aria-posinset", first + i + 1);
      each.element.setAttribute("aria-setsize", sizes.n);
    });
    content.append(line);
  };
  const dropRow = (row) => {
    const line = rows.get(row);
    line.tiles.forEach((each) => each.close());
    line.element.remove();
    rows.delete(row);
  };
  const draw = () => {
    frame = 0;
    const { first, end } = around();
    for (const row of [...rows.keys()]) if (row < first || row >= end) dropRow(row);
    for (let row = first; row < end; row++) if (!rows.has(row)) addRow(row);
    for (const [row, line] of rows) line.element.style.transform = `translateY(${row * sizes.rowHeight - scroll.offset}px)`;
    const active = tileAt(focus);
    if (active) element.setAttribute("aria-activedescendant", active.element.id);
    else element.removeAttribute("aria-activedescendant");
    load(true);
  };
  const drawSoon = () => {
    frame ||= requestAnimationFrame(draw);
  };

  /** The next run of tiles without an item: what is in view goes first. */
  const nextRun = () => {
    const views = [rowsIn(sizes, scroll.place, height()), around()];
    for (const { first, end } of views) {
      const last = Math.min(sizes.n, end * sizes.columns);
      for (let place = first * sizes.columns; place < last; place++) {
        if (tileAt(place) && !tileAt(place).isFull) return [place, Math.min(last, place + MOST)];
      }
    }
    return null;
  };
  const side = () => Math.round(SIZES[tile].width * Math.min(2, Math.max(1, window.devicePixelRatio || 1)));
  const load = oneAtATime(async () => {
    const run = nextRun();
    if (!run || closed) return;
    const [from, to] = run;
    const asker = version;
    try {
      const [answer, buffers] = await ask("cards", { version, from, to, side: side() });
      if (asker !== version) return;
      if (answer.problem) return onProblem(answer.problem);
      await Promise.all(answer.cards.map(async (card, i) => {
        const each = tileAt(from + i);
        if (!each) return;
        await each.fill(card, buffers);
        each.say(card);
      }));
      if (nextRun()) setTimeout(() => load(true));
    } catch (error) {
      if (error.gone) onProblem({ what: "The kernel was restarted.", do: "Run this cell again." });
      else setTimeout(() => load(true), RETRY);
    }
  });
  /** Labels and predictions of what is there. */
  const refresh = oneAtATime(async () => {
    const places = [...rows.keys()].sort((a, b) => a - b);
    if (!places.length || closed) return;
    const asker = version;
    const from = places[0] * sizes.columns;
    const to = Math.min(sizes.n, (places.at(-1) + 1) * sizes.columns);
    for (let start = from; start < to; start += MOST) {
      try {
        const [answer] = await ask("facts", { version, from: start, to: Math.min(to, start + MOST) });
        if (asker !== version) return;
        answer.facts?.forEach((fact, i) => tileAt(start + i)?.isFull && tileAt(start + i).say(fact));
      } catch {
        return; // the next change asks again
      }
    }
  });
  const clear = () => [...rows.keys()].forEach(dropRow);
  const layOut = (place) => {
    clear();
    // A thin scroll bar comes and goes: its room is always left free (scrollbar-gutter).
    const size = tileSize(tile, content.clientWidth);
    sizes = gridSizes(sizes.n, Math.max(1, content.clientWidth), size, GAP);
    content.style.height = `${sizes.real}px`;
    for (const [name, value] of [["height", size.height], ["gap", GAP]]) element.style.setProperty(`--spin-tile-${name}`, `${value}px`);
    element.style.setProperty("--spin-columns", sizes.columns);
    scroll.resize(sizes, height());
    element.scrollTop = scroll.go(place);
    draw();
  };
  const settle = () => {
    rest = 0;
    const top = scroll.settle();
    if (Math.abs(element.scrollTop - top) > 1) element.scrollTop = top;
    drawSoon();
  };
  element.addEventListener("scroll", () => {
    scroll.follow(element.scrollTop);
    clearTimeout(rest);
    if (sizes.total > sizes.real) {
      if (scroll.isStuck()) settle();
      else rest = setTimeout(settle, RESTS);
    }
    drawSoon();
  });

  return {
    element,
    refresh: () => refresh(true),
    get columns() {
      return sizes.columns;
    },
    get pageRows() {
      return Math.max(1, Math.floor(height() / sizes.rowHeight));
    },
    get focus() {
      return focus;
    },
    get version() {
      return version;
    },
    show(order) {
      version = order.version;
      focus = 0;
      sizes = { ...sizes, n: order.n };
      layOut(0);
    },
    resize(name = tile) {
      const first = Math.floor(scroll.place / sizes.rowHeight) * sizes.columns;
      const size = tileSize(name, content.clientWidth);
      const next = gridSizes(sizes.n, Math.max(1, content.clientWidth), size, GAP);
      if (name === tile && next.columns === sizes.columns && next.rowHeight === sizes.rowHeight) {
        scroll.resize(sizes, height());
        return draw();
      }
      tile = name;
      return layOut(Math.floor(first / next.columns) * next.rowHeight);
    },
    focusOn(place) {
      tileAt(focus)?.element.classList.remove("spin-tile-focus");
      focus = Math.max(0, Math.min(sizes.n - 1, place));
      const to = placeOfRow(sizes, Math.floor(focus / sizes.columns), scroll.place, height());
      if (to !== scroll.place) element.scrollTop = scroll.go(to);
      draw();
      tileAt(focus)?.element.classList.add("spin-tile-focus");
    },
    drawMarks() {
      for (const [row, line] of rows) line.tiles.forEach((each, i) => each.mark(marks.has(row * sizes.columns + i)));
    },
    /** Places of the tiles that touch a rectangle of the window, as runs. */
    touching({ left, right, top, bottom }) {
      const places = [];
      for (const line of rows.values()) {
        for (const each of line.tiles) {
          const box = each.element.getBoundingClientRect();
          if (box.right > left && box.left < right && box.bottom > top && box.top < bottom) places.push(Number(each.element.dataset.at));
        }
      }
      return places;
    },
    close() {
      closed = true;
      cancelAnimationFrame(frame);
      clearTimeout(rest);
      clear();
    },
  };
}

// What drawing boxes, polygons and keypoints share: colours, paint, the list of shapes and of classes.

import { h, svgElement, write } from "../base/dom.js";
import { nameShortcuts } from "../base/key_events.js";
import { focusView } from "../media/viewport.js";
import { classEntries, classFilter, focusLabeller } from "./choices.js";
import { clamp } from "./geometry.js";

// Light enough for dark words on them, and drawn over a dark halo: they read on any picture and on both themes.
const SHAPE_COLOURS = ["#56b4e9", "#ffb000", "#3ddc97", "#ff8ac4", "#f0e442", "#ff7043", "#b9a5ff", "#4dd0e1", "#aed581", "#d7bfae"];
const ARROW_STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MAX_NAME_LETTERS = 60; // characters of a name that are shown

export function shapeColour(index) {
  return index < 0 ? "#cccccc" : SHAPE_COLOURS[index % SHAPE_COLOURS.length];
}

/** A name as shown: a name of a million characters must not fill the page. */
export function shapeName(name) {
  const text = String(name ?? "").slice(0, 4 * MAX_NAME_LETTERS);
  const letters = [...text];
  return letters.length > MAX_NAME_LETTERS ? `${letters.slice(0, MAX_NAME_LETTERS - 1).join("")}…` : text;
}

// ---- what an event or a card means ----------------------------------------------------------------------------------

/** How far from a thing a pointer still touches it: a fingertip is wide. */
export function touchRadius(event, view) {
  return (event.pointerType === "touch" ? 20 : 8) / view.scale;
}

/** What is suggested for a card until somebody has decided; each part of it stays dashed while it is exactly that. */
export function openSuggestion(card) {
  const decided = ["label", "imported"].includes(card.state?.kind ?? card.kind);
  return decided ? null : (card.suggestion?.value ?? null);
}

/** How far the arrow keys move: 1 pixel, with Shift 10; `grows` with Alt or Ctrl; null when it is no arrow. */
export function arrowStep(event) {
  const way = ARROW_STEPS[event.key];
  if (!way) return null;
  const [dx, dy] = way.map((step) => step * (event.shiftKey ? 10 : 1));
  return { dx, dy, grows: event.altKey || event.ctrlKey || event.metaKey };
}

// ---- paint -------------------------------------------------------------------------------------------------------

/** An outline twice: a dark halo, then its colour; dashed while it is only suggested. */
export function haloOutline(tag, attributes, { colour, chosen = false, dashed = false, filled = true }) {
  const base = { ...attributes, "vector-effect": "non-scaling-stroke", "stroke-linejoin": "round", "stroke-linecap": "round" };
  const halo = svgElement(tag, { ...base, fill: "none", stroke: "#000", "stroke-opacity": 0.65, "stroke-width": chosen ? 6 : 4 });
  const line = svgElement(tag, {
    ...base,
    fill: filled ? colour : "none",
    "fill-opacity": chosen ? 0.14 : 0.06,
    stroke: colour,
    "stroke-width": chosen ? 3 : 2,
    class: dashed ? "spin-shape-dashed" : "spin-shape-solid",
  });
  return [halo, line];
}

/** What can be grasped, always of one size on screen. */
export function gripMark([x, y], view, { round = false, faint = false, chosen = false, colour = "#fff" } = {}) {
  const halfSide = (faint ? 3.5 : chosen ? 6.5 : 5) / view.scale;
  const box = { x: x - halfSide, y: y - halfSide, width: 2 * halfSide, height: 2 * halfSide, rx: round ? halfSide : 1 / view.scale };
  const style = { fill: chosen ? "#000" : colour, "fill-opacity": faint ? 0.75 : 1, stroke: chosen ? colour : "#000", "stroke-width": chosen ? 3 : 1.5 };
  return svgElement("rect", { ...box, ...style, "vector-effect": "non-scaling-stroke", class: "spin-shape-grip" });
}

/** A name to be placed on the picture. */
export function nameChip(name, { colour, chosen = false }) {
  const chip = h("span", { class: chosen ? "spin-shape-chip spin-shape-chip-chosen" : "spin-shape-chip", dir: "auto" }, shapeName(name));
  chip.style.backgroundColor = colour;
  return chip;
}

/** Above a point, within the view; hidden when the point is out of sight. */
export function placeChip(chip, point, view) {
  const [left, top] = view.toView(point);
  const [width, height] = view.room;
  chip.hidden = left > width || top > height + 20 || top < 0 || left < -200;
  if (chip.hidden) return;
  chip.style.left = `${Math.max(0, left)}px`;
  chip.style.top = `${Math.max(0, top - 19)}px`;
}

/** The children of an element as wanted; those that are in their place are not touched. */
export function fillInPlace(parent, children) {
  const childSet = new Set(children);
  for (const child of [...parent.childNodes]) if (!childSet.has(child)) child.remove();
  let at = parent.firstChild;
  for (const child of children) {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  }
}

// ---- beside the picture --------------------------------------------------------------------------------------------

function colourSwatch() {
  return h("i", { class: "spin-shape-swatch", "aria-hidden": "true" });
}

/** A button with its key, which may be bound anew while the page is open; `always` are keys that nobody can bind away. */
function keyButton(className, parts, act) {
  const key = h("kbd");
  const click = (event) => {
    act();
    focusView(event);
  };
  const element = h("button", { type: "button", class: className, onclick: click }, ...parts(key));
  const draw = (label, ...always) => {
    write(key, label || (always[0] ?? "").replace("Control", "Ctrl"));
    nameShortcuts(element, label, ...always);
  };
  return { element, draw };
}

/** Buttons of the classes: the one that new shapes get is pressed. `current()` is its index, `choose(index)` changes it. */
export function classButtons(editorApi, { current, choose }) {
  const entries = classEntries(editorApi, editorApi.spec.names);
  const buttons = entries.map(({ name, index }) => {
    const swatch = colourSwatch();
    swatch.style.backgroundColor = shapeColour(index);
    const word = h("span", { class: "spin-shape-word", dir: "auto" }, shapeName(name));
    return keyButton("spin-shape-class", (key) => [swatch, key, word], () => choose(index));
  });
  const group = h("div", { class: "spin-shape-classes", role: "group", "aria-label": "class of the shape" }, ...buttons.map(({ element }) => element));
  const pick = ({ index }) => {
    choose(index);
    focusLabeller(group); // the keys go on with the shape
  };
  const filter = classFilter(editorApi, entries, { pick, list: group, elements: buttons.map(({ element }) => element) });
  const draw = () => {
    buttons.forEach((button, i) => {
      button.draw(entries[i].key());
      button.element.setAttribute("aria-pressed", String(current() === i));
      button.element.disabled = editorApi.readOnly;
    });
  };
  return { element: filter ? h("div", { class: "spin-filtered" }, filter.element, group) : group, draw, key: (event) => filter?.key(event) ?? false };
}

/** What a pointer does otherwise, as buttons: [{action, act(), words(), off()}]. */
export function toolButtons(editorApi, tools) {
  const buttons = tools.map(({ act }) => {
    const word = h("span");
    return { word, ...keyButton("spin-shape-tool", (key) => [word, key], act) };
  });
  const element = h("div", { class: "spin-shape-tools", role: "group", "aria-label": "draw with the keyboard" }, ...buttons.map((button) => button.element));
  const draw = () => {
    tools.forEach(({ action, words, off }, i) => {
      write(buttons[i].word, words());
      buttons[i].draw(editorApi.key(action), ...(action === "duplicate" ? ["Control+D"] : []));
      // Not `disabled`: the focus would fall out of the view.
      buttons[i].element.setAttribute("aria-disabled", String(editorApi.readOnly || off()));
    });
  };
  return { element, draw };
}

function listRow(list, index) {
  const word = h("span", { class: "spin-shape-word", dir: "auto" });
  const parts = { swatch: colourSwatch(), key: h("kbd"), word, note: h("span", { class: "spin-shape-note" }) };
  const choose = (event) => {
    list.choose(index);
    if (event.type === "click") focusView(event);
  };
  const remove = (event) => {
    focusView(event); // first: the row may be gone afterwards
    list.remove(index);
  };
  const main = h("button", { type: "button", class: "spin-shape", onclick: choose, onfocus: choose }, ...Object.values(parts));
  const cross = h("button", { type: "button", class: "spin-shape-remove", onclick: remove }, "×");
  const element = h("li", {}, main, cross);
  let lastRow = {};
  const draw = (row) => {
    if (Object.keys(row).every((name) => row[name] === lastRow[name])) return;
    lastRow = row;
    parts.swatch.style.backgroundColor = row.colour;
    parts.key.hidden = row.key === undefined;
    write(parts.key, row.key?.toUpperCase() ?? "");
    write(parts.word, shapeName(row.name));
    parts.swatch.classList.toggle("spin-shape-maybe", row.suggested);
    write(parts.note, row.note);
    main.setAttribute("aria-pressed", String(Boolean(row.chosen)));
    main.setAttribute("aria-label", `${row.says ?? `${list.noun} ${index + 1}, ${shapeName(row.name)}`}, ${row.note}${row.suggested ? ", suggested" : ""}`);
    cross.hidden = !row.removal;
    cross.setAttribute("aria-label", row.removal ?? "");
    cross.title = row.removal ?? "";
  };
  return { element, main, draw };
}

/**
 * The shapes as a list, for eyes and for the keyboard: each is a button that chooses it, so that the editor's keys move
 * or delete it. `sure()` says how sure what is suggested is; `rows()` gives {name, colour, note, chosen, suggested, removal, key?, says?}; `empty` stands for none.
 */
export function shapeList({ noun, nouns, empty, rows, choose, remove, sure }) {
  const list = { noun, choose, remove };
  const title = h("span", { class: "spin-shape-title" });
  const items = h("ul", { "aria-label": `list of ${nouns}` });
  const none = h("p", { class: "spin-shape-none" }, empty);
  const element = h("div", { class: `spin-shape-list spin-shape-${nouns}` }, title, items, none);
  const rowViews = [];
  const focusedRow = () => rowViews.findIndex((row) => row.element.contains(document.activeElement));
  const draw = () => {
    const now = rows();
    const focus = focusedRow();
    for (const row of rowViews.splice(now.length)) row.element.remove();
    while (rowViews.length < now.length) {
      rowViews.push(listRow(list, rowViews.length));
      items.append(rowViews.at(-1).element);
    }
    rowViews.forEach((row, i) => row.draw(now[i]));
    none.hidden = now.length > 0;
    const suggested = now.filter((row) => row.suggested).length;
    write(title, now.length ? `${now.length} ${now.length === 1 ? noun : nouns}${suggested ? `, ${suggested} suggested (dashed)${sure()}` : ""}` : "");
    if (focus >= 0) keep(focus);
  };
  // The focus never falls out of the view with the row, or the button, that had it.
  const keep = (focus) => {
    const row = rowViews[Math.min(focus, rowViews.length - 1)];
    if (!row) element.closest(".spin-view")?.focus();
    else if (focusedRow() < 0 || document.activeElement.hidden) row.main.focus();
  };
  const reveal = (index) => {
    const row = rowViews[index]?.element;
    if (row) items.scrollTop = clamp(items.scrollTop, row.offsetTop + row.offsetHeight - items.clientHeight, row.offsetTop);
  };
  return { element, draw, focusedRow, reveal };
}

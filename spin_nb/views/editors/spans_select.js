// Choosing a part of the text: with the mouse, a finger or the keys. The browser's own selection is the selection; a
// caret is drawn where it ends, and grips where the chosen span does.

import { h } from "../base/dom.js";
import { focusLabeller } from "./choices.js";
import { spanTrimmed } from "./spans_text.js";

export const SPAN_ARROWS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "backward", ArrowDown: "forward", Home: "backward", End: "forward" };

/** How far an arrow key goes. */
function spanReach(event) {
  if (event.key === "ArrowUp" || event.key === "ArrowDown") return "line";
  if (event.key === "Home" || event.key === "End") return "lineboundary";
  return event.ctrlKey ? "word" : "character";
}

/** Where `at` is on screen: {left, top, height} in pixels of the sheet. */
function spanRect(page, at, forward) {
  const range = document.createRange();
  const [node, offset] = page.placeOf(at, forward);
  range.setStart(node, offset);
  let rect = range.getClientRects()[0];
  let edge = "left";
  if (!rect && offset < node.length) {
    range.setEnd(node, offset + 1);
    rect = range.getClientRects()[0];
  } else if (!rect && offset > 0) {
    range.setStart(node, offset - 1);
    rect = [...range.getClientRects()].at(-1);
    edge = "right";
  }
  if (!rect) return null;
  const base = page.element.parentElement.getBoundingClientRect();
  return { left: rect[edge] - base.left, top: rect.top - base.top, height: rect.height };
}

function spanAtPoint(page, x, y) {
  const position = document.caretPositionFromPoint?.(x, y);
  if (position) return page.unitAt(position.offsetNode, position.offset);
  const range = document.caretPositionFromPoint ? null : document.caretRangeFromPoint?.(x, y);
  return range ? page.unitAt(range.startContainer, range.startOffset) : null;
}

/** The first place that is in sight. */
export function spanFirstSeen(page) {
  const [box, frame] = [page.element, page.element.closest(".spin-reading")].map((each) => each.getBoundingClientRect());
  return spanAtPoint(page, box.left + 4, Math.max(box.top, frame.top) + 14) ?? 0;
}

/** A place as units, the nearest end of the text for places outside of it. */
function spanClamped(page, node, offset) {
  const range = document.createRange();
  range.selectNodeContents(page.element);
  return page.unitAt(node, offset) ?? (range.comparePoint(node, offset) < 0 ? 0 : page.text.length);
}

/** The selection within one page. `changed(fresh)` is called when it is another; `fresh`: something is selected now. */
export function spanSelection(page, changed) {
  const caret = h("i", { class: "spin-caret", hidden: "" });
  let now = null; // {anchor, focus}
  const place = () => {
    const rect = now && spanRect(page, now.focus, now.focus < now.anchor);
    caret.hidden = !rect;
    if (rect) Object.assign(caret.style, { left: `${rect.left}px`, top: `${rect.top}px`, height: `${rect.height}px` });
  };
  const hear = () => {
    const { anchorNode, anchorOffset, focusNode, focusOffset } = document.getSelection();
    // A selection elsewhere, or none after a tap on a button, leaves the one in the text as it was.
    if (!page.element.contains(anchorNode)) return;
    const [anchor, focus] = [spanClamped(page, anchorNode, anchorOffset), spanClamped(page, focusNode, focusOffset)];
    if (anchor === now?.anchor && focus === now?.focus) return;
    now = { anchor, focus };
    place();
    changed(anchor !== focus);
  };
  const set = (anchor, focus = anchor) => {
    now = { anchor, focus };
    const back = focus < anchor;
    document.getSelection().setBaseAndExtent(...page.placeOf(anchor, !back), ...page.placeOf(focus, back || focus === anchor));
    place();
    changed(anchor !== focus);
  };
  const clear = () => {
    if (now && page.element.contains(document.getSelection().anchorNode)) document.getSelection().removeAllRanges();
    now = null;
    place();
  };
  /** An arrow key; from `begin()` when there is no caret yet. */
  const key = (event, begin) => {
    if (!now) set(begin());
    const selection = document.getSelection();
    if (!page.element.contains(selection.focusNode)) set(now.anchor, now.focus);
    selection.modify(event.shiftKey ? "extend" : "move", SPAN_ARROWS[event.key], spanReach(event));
    if (!page.element.contains(selection.focusNode)) set(now.anchor, now.focus);
    hear();
    caret.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("selectionchange", hear);
  return {
    caret,
    place,
    set,
    clear,
    key,
    hear,
    get at() {
      return now?.focus ?? null;
    },
    /** What a label would cover, white space at both ends left out; null where nothing is selected. */
    get range() {
      return now ? spanTrimmed(page.text, Math.min(now.anchor, now.focus), Math.max(now.anchor, now.focus)) : null;
    },
    /** Written anew: the browser has lost the selection. */
    restore: () => now && set(now.anchor, now.focus),
    close: () => document.removeEventListener("selectionchange", hear),
  };
}

/**
 * Mouse and finger. `tap(at, shift)`: a place was touched; `select()`: a part was selected; `tag(index)`: the name of a
 * span was touched.
 */
export function spanPointer(page, { tap, select, tag }) {
  let down = null;
  const { element } = page;
  const up = (event) => {
    if (!down) return;
    down.far = Math.hypot(event.clientX - down.x, event.clientY - down.y) > 3;
    // After this event the browser's selection is what it will be.
    if (down.far && event.pointerType !== "touch") setTimeout(select);
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    down = { x: event.clientX, y: event.clientY, far: false };
    document.addEventListener("pointerup", up, { once: true });
  });
  element.addEventListener("dragstart", (event) => event.preventDefault());
  element.addEventListener("click", (event) => {
    focusLabeller(element);
    const label = event.target.closest(".spin-tag");
    if (label) return tag(Number(label.dataset.index));
    if (down?.far) return undefined;
    if (event.detail > 1) return select();
    const at = spanAtPoint(page, event.clientX, event.clientY);
    return at === null ? undefined : tap(at, event.shiftKey);
  });
}

/** Grips at both ends of the chosen span. `dragged(end, at, done)`: `end` is "from" or "to". */
export function spanGrips(page, dragged) {
  const grips = ["from", "to"].map((end) => {
    const element = h("i", { class: `spin-grip spin-grip-${end}`, hidden: "", "aria-hidden": "true" });
    const isDragging = () => element.hasPointerCapture?.(element.pointer ?? -1);
    const move = (event, done) => {
      if (!isDragging()) return;
      const at = spanAtPoint(page, event.clientX, event.clientY - element.above);
      dragged(end, at, done);
    };
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      element.pointer = event.pointerId;
      element.setPointerCapture(event.pointerId);
      // The finger is on the knob below the line: what counts is the line.
      const box = element.getBoundingClientRect();
      element.above = event.clientY - (box.top + box.height / 2);
      element.parentElement.classList.add("spin-dragged");
    });
    element.addEventListener("pointermove", (event) => move(event, false));
    element.addEventListener("pointerup", (event) => move(event, true));
    element.addEventListener("lostpointercapture", () => element.parentElement?.classList.remove("spin-dragged"));
    return element;
  });
  const place = (mark) => {
    grips.forEach((grip, i) => {
      const rect = mark && spanRect(page, i ? mark.to : mark.from, !i);
      grip.hidden = !rect;
      if (rect) Object.assign(grip.style, { left: `${rect.left}px`, top: `${rect.top}px`, height: `${rect.height}px` });
    });
  };
  return { grips, place };
}

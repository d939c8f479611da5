// Marking by pointer and by keyboard.

const DRAG = 6; // pixels before a press becomes a drag

/** Steps of the focus by key, in places; `columns` a row, `page` rows a page. */
export function stepOf(key, columns, page) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -columns * page, PageDown: columns * page, Home: -Infinity, End: Infinity };
  return Object.hasOwn(steps, key) ? steps[key] : 0;
}

/** Marks from where the last one was set: `extend` moves the end of the run, what it leaves is unmarked. */
export function newAnchor(marks) {
  let anchor = 0;
  let end = null;
  return {
    set(place) {
      [anchor, end] = [place, null];
    },
    extend(place) {
      if (end !== null) marks.setRange(anchor, end, false);
      marks.setRange(anchor, place, true);
      end = place;
    },
  };
}

const placeOf = (event) => {
  const at = event.target.closest?.("[data-at]")?.dataset.at;
  return at === undefined ? null : Number(at);
};

/** Clicks, taps and drags on the list; `changed()` after each change of the marks. */
export function pointerMarks(list, marks, anchor, { changed, look }) {
  let press = null;
  const frame = document.createElement("div");
  frame.className = "spin-grid-rubber";
  const down = (event) => {
    if (event.button !== 0 || event.pointerType !== "mouse") return;
    press = { x: event.clientX, y: event.clientY, isDrag: false };
  };
  const boxOf = (event) => {
    const [left, right] = [press.x, event.clientX].sort((a, b) => a - b);
    const [top, bottom] = [press.y, event.clientY].sort((a, b) => a - b);
    return { left, right, top, bottom };
  };
  const move = (event) => {
    if (!press || !(event.buttons & 1)) return end();
    if (!press.isDrag && Math.hypot(event.clientX - press.x, event.clientY - press.y) < DRAG) return undefined;
    if (!press.isDrag) {
      press.isDrag = true;
      list.element.setPointerCapture(event.pointerId);
      list.element.parentElement.append(frame);
    }
    const host = list.element.parentElement.getBoundingClientRect();
    const { left, right, top, bottom } = boxOf(event);
    Object.assign(frame.style, { left: `${left - host.left}px`, top: `${top - host.top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    return undefined;
  };
  const end = () => {
    frame.remove();
    press = null;
  };
  const up = (event) => {
    if (press?.isDrag) {
      list.touching(boxOf(event)).forEach((place) => marks.setRange(place, place, true));
      changed();
    }
    // The click that ends a drag marks nothing: it comes before the next task.
    const wasDrag = press?.isDrag;
    end();
    if (wasDrag) list.element.addEventListener("click", (click) => click.stopImmediatePropagation(), { capture: true, once: true });
  };
  const click = (event) => {
    const place = placeOf(event);
    if (place === null) return;
    if (event.shiftKey) anchor.extend(place);
    else {
      marks.toggle(place);
      anchor.set(place);
    }
    list.focusOn(place);
    changed();
    look(place);
  };
  const over = (event) => {
    const place = placeOf(event);
    if (place !== null && event.pointerType === "mouse" && !press?.isDrag) look(place);
  };
  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: end, click, pointerover: over };
  for (const [name, listener] of Object.entries(listeners)) list.element.addEventListener(name, listener);
}

/** A key in the list: moves, marks; says whether it was one of these. */
export function listKey(event, list, marks, anchor, { changed, look }) {
  const isControl = event.ctrlKey || event.metaKey;
  if (event.altKey || !marks.size) return false;
  if (isControl && event.key.toLowerCase() === "a") {
    marks.all();
    changed();
    return true;
  }
  if (event.key === " " && !isControl) {
    marks.toggle(list.focus);
    anchor.set(list.focus);
    changed();
    return true;
  }
  if (event.key === "Escape" && marks.count) {
    marks.clear();
    changed();
    return true;
  }
  const step = stepOf(event.key, list.columns, list.pageRows);
  if (!step || isControl) return false;
  const place = Math.max(0, Math.min(marks.size - 1, list.focus + step));
  if (event.shiftKey) anchor.extend(place);
  else anchor.set(place);
  list.focusOn(place);
  changed();
  look(place);
  return true;
}

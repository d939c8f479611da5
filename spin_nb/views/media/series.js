// A series in the hand: wheel, fingers and keys zoom and pan it, the pointer and the arrows read it.

import { briefly, h, write } from "../base/dom.js";
import { keyName, painter, toolButton } from "./drawing.js";
import { note } from "./item.js";
import { readSeries } from "./line_plot.js";
import { MEDIA } from "./registry.js";
import { paintSeries, SERIES_ROWS, SeriesView } from "./series_view.js";

const SERIES_KEYS = "+ and − zoom, Home fits, left and right move the crosshair";

/** What the keys of a series do. */
function seriesKeys(view, scroll) {
  const acts = {
    __proto__: null,
    "+": () => view.zoom(1 / 1.5),
    "=": () => view.zoom(1 / 1.5),
    "-": () => view.zoom(1.5),
    Home: () => view.fit(),
    ArrowLeft: () => view.step(-1),
    ArrowRight: () => view.step(1),
    "Shift+ArrowLeft": () => view.step(-10),
    "Shift+ArrowRight": () => view.step(10),
  };
  if (view.series.names.length > SERIES_ROWS) {
    acts.ArrowDown = () => scroll.scrollBy(0, 48);
    acts.ArrowUp = () => scroll.scrollBy(0, -48);
    acts.PageDown = () => scroll.scrollBy(0, scroll.clientHeight);
    acts.PageUp = () => scroll.scrollBy(0, -scroll.clientHeight);
  }
  return acts;
}

/** Pointer: hover reads, drag pans, two fingers zoom. `act` does what it is given and redraws. */
function seriesPointers(canvas, view, scroll, act) {
  const down = new Map();
  const x = (event) => event.clientX - canvas.getBoundingClientRect().left;
  const pinch = (event) => {
    const [a, b] = [...down.values()];
    const before = Math.abs(a - b);
    down.set(event.pointerId, x(event));
    const [c, d] = [...down.values()];
    if (before > 8 && Math.abs(c - d) > 8) view.zoom(before / Math.abs(c - d), view.sample((c + d) / 2));
  };
  const move = (event) => {
    if (!view.page) return;
    if (down.size === 2 && down.has(event.pointerId)) return pinch(event);
    if (down.has(event.pointerId)) {
      view.look(view.from + view.sample(down.get(event.pointerId)) - view.sample(x(event)), view.span);
      if (event.pointerType !== "mouse") scroll.scrollBy(0, -event.movementY);
      down.set(event.pointerId, x(event));
    }
    view.point(Math.min(view.to, Math.max(view.from, view.sample(x(event)))));
  };
  const listen = (name, listener) => canvas.addEventListener(name, (event) => act(() => listener(event)));
  listen("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, x(event));
    move(event);
  });
  listen("pointermove", move);
  for (const name of ["pointerup", "pointercancel"]) listen(name, (event) => down.delete(event.pointerId));
  listen("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !down.size) view.at = null;
  });
}

/** Wheel zooms where the view has the keyboard, so that a page scrolled past is not caught; Ctrl+wheel always. */
function seriesWheel(canvas, view, act) {
  const turn = (event) => {
    const inside = canvas.closest(".spin-view")?.contains(document.activeElement);
    const scrolls = view.series.names.length > SERIES_ROWS;
    if (!view.page || !(event.ctrlKey || (inside && !scrolls))) return;
    if (!event.ctrlKey && view.fits && (event.deltaY > 0 || event.deltaX)) return;
    event.preventDefault();
    const across = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (Math.abs(across) > Math.abs(event.deltaY) || event.shiftKey) {
      act(() => view.look(view.from + (across / (view.page.right - view.page.left)) * view.span, view.span));
      return;
    }
    const about = view.sample(event.clientX - canvas.getBoundingClientRect().left);
    act(() => view.zoom(1.0015 ** Math.max(-400, Math.min(400, event.deltaY * (event.deltaMode ? 30 : 1))), about));
  };
  canvas.addEventListener("wheel", turn, { passive: false });
}

MEDIA["application/x-series"] = (card) => {
  const series = readSeries(card);
  if (typeof series === "string") return { element: note(series) };
  const view = new SeriesView(series);
  const count = series.names.length === 1 ? briefly(series.names[0]) : `${series.names.length} channels`;
  const description = `series, ${count}, ${view.timeWords(0)} to ${view.timeWords(series.points - 1)}. ${SERIES_KEYS}`;
  const canvas = h("canvas", { class: "spin-plot", role: "img", "aria-label": description });
  const scrolls = series.names.length > SERIES_ROWS ? { tabindex: 0, role: "region", "aria-label": "channels" } : {};
  const scroll = h("div", { class: "spin-rows", ...scrolls }, h("div", {}, canvas));
  scroll.style.setProperty("--spin-pages", Math.max(1, series.names.length / SERIES_ROWS));
  const reading = h("span", { class: "spin-clock", "aria-hidden": "true" });
  const spokenReading = h("output", { class: "spin-sr" });
  const paint = painter(canvas, (paper) => {
    paintSeries(paper, view);
    write(reading, view.words(3)); // more values stand beside the crosshair
    if (aloud) write(spokenReading, view.words());
  });
  let aloud = false;
  const act = (action, keys = false) => {
    aloud = keys; // a moving pointer is not read out
    action();
    paint.again();
  };
  const acts = seriesKeys(view, scroll);
  const tools = [["−", "zoom out", "-"], ["+", "zoom in", "+"], ["Fit", "Fit: show the whole series", "Home"]].map(([face, label, key]) =>
    toolButton(face, label, key, () => act(acts[key])),
  );
  seriesPointers(canvas, view, scroll, act);
  seriesWheel(canvas, view, act);
  scroll.addEventListener("scroll", () => act(() => (view.scrolled = scroll.scrollTop / Math.max(1, scroll.scrollHeight - scroll.clientHeight))));
  const element = h("div", { class: "spin-medium spin-series" }, scroll, h("div", { class: "spin-tools" }, ...tools, reading, spokenReading));
  const key = (event) => {
    const action = acts[keyName(event)];
    if (action) act(action, true);
    return Boolean(action);
  };
  return { element, key, close: paint.close };
};

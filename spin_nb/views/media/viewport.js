// A picture to look at closely: zoom, pan, light, and an overlay in pixels of the original. It knows nothing of labels.

import { h, write } from "../base/dom.js";
import { Detail } from "./detail.js";
import { MEDIA } from "./registry.js";

const VIEW_MARGIN = 10; // CSS pixels kept free around a fitted picture: its border can be grasped
const VIEW_CLOSEST = 48; // CSS pixels that one original pixel may take
const VIEW_STEP = 1.25;
const VIEW_STILL = { touch: 10, pen: 6 }; // CSS pixels a pointer may tremble and still tap; 3 for a mouse
const VIEW_ARROWS = { ArrowLeft: [48, 0], ArrowRight: [-48, 0], ArrowUp: [0, 48], ArrowDown: [0, -48] };
const VIEW_SLIDER_KEYS = [...Object.keys(VIEW_ARROWS), "Home", "End", "PageUp", "PageDown"];
const viewLight = { brightness: 100, contrast: 100 }; // percent; a dark series stays readable from one picture to the next

export function viewSvg(tag, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Where a pointer is, in CSS pixels of the view. */
function viewPlace(view, { clientX, clientY }) {
  const box = view.getBoundingClientRect();
  return [clientX - box.left, clientY - box.top];
}

/** After a click the keys go on working; a control reached with Tab keeps the focus. */
export function viewBack(event) {
  if (event.detail > 0) event.currentTarget.closest(".spin-view")?.focus({ preventScroll: true });
}

/** Where the picture lies in a view of `room` CSS pixels: its origin (x, y) and CSS pixels per original pixel. */
function viewCamera(size) {
  const at = { scale: 1, x: 0, y: 0, room: [0, 0] };
  const least = () => Math.max(1e-3, Math.min(...size.map((side, i) => (at.room[i] - 2 * VIEW_MARGIN) / side)));
  const fitted = () => at.scale <= least() * 1.001;
  // Fitted it is centred; zoomed in half the view, or the whole picture, stays covered.
  const settle = () => {
    ["x", "y"].forEach((axis, i) => {
      const [room, side] = [at.room[i], size[i] * at.scale];
      const keep = Math.min(side, room / 2);
      at[axis] = fitted() ? (room - side) / 2 : Math.min(room - keep, Math.max(keep - side, at[axis]));
    });
  };
  /** Around (x, y), which moves by (dx, dy). */
  const zoom = (factor, [x, y] = at.room.map((side) => side / 2), [dx, dy] = [0, 0]) => {
    const scale = Math.min(Math.max(at.scale * factor, least()), Math.max(VIEW_CLOSEST, 2 * least()));
    at.x = x + dx - ((x - at.x) * scale) / at.scale;
    at.y = y + dy - ((y - at.y) * scale) / at.scale;
    at.scale = scale;
    settle();
  };
  const pan = (dx, dy) => {
    at.x += dx;
    at.y += dy;
    settle();
  };
  const resize = (room) => {
    const whole = at.room[0] === 0 || fitted();
    const [dx, dy] = room.map((side, i) => (side - at.room[i]) / 2);
    at.room = room;
    pan(dx, dy);
    zoom(whole ? 0 : 1);
  };
  return { at, zoom, pan, fitted, resize, fit: () => zoom(0), image: ([x, y]) => [(x - at.x) / at.scale, (y - at.y) / at.scale] };
}

/** One of two fingers moved from `before` to `now`, `other` is where the second one is. */
function viewPinch(camera, before, now, other) {
  const [apart, were] = [now, before].map((one) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1])));
  const middle = [(before[0] + other[0]) / 2, (before[1] + other[1]) / 2];
  camera.zoom(apart / were, middle, [(now[0] - before[0]) / 2, (now[1] - before[1]) / 2]);
}

/** One pointer moved: it draws or pans, once it has really left its place. */
function viewSlide(camera, overlay, gesture, event, now) {
  const [dx, dy] = [now[0] - gesture.last[0], now[1] - gesture.last[1]];
  gesture.moved ||= Math.hypot(dx, dy) > (VIEW_STILL[event.pointerType] ?? 3);
  if (!gesture.moved) return;
  gesture.last = now;
  if (gesture.kind === "draw") overlay.drag?.(camera.image(now), event);
  else camera.pan(dx, dy);
}

/**
 * Pointers on the view. `overlay` may take a gesture: press(point, event) -> bool, then drag and drop, or tap when the
 * pointer did not move (also when not taken), or cancel; hover(point, event) -> cursor. Points are original pixels.
 */
function viewPointers(view, camera, overlay, { changed, placed }) {
  const held = new Map(); // pointer id -> [x, y] in the view
  let gesture = null; // {kind: "draw" | "pan" | "pinch" | "over", last: [x, y], moved}
  const down = (event) => {
    if (event.button > 1 || !placed()) return;
    const now = viewPlace(view, event);
    view.setPointerCapture(event.pointerId);
    held.set(event.pointerId, now);
    if (held.size > 1) {
      if (gesture?.kind === "draw") overlay.cancel?.();
      gesture = { kind: "pinch" };
      return;
    }
    const pans = event.button === 1 || event.shiftKey;
    const taken = !pans && overlay.press?.(camera.image(now), event);
    gesture = { kind: taken ? "draw" : "pan", last: now, moved: pans };
  };
  const move = (event) => {
    if (!placed()) return;
    const now = viewPlace(view, event);
    const before = held.get(event.pointerId);
    if (!before) {
      view.style.cursor = overlay.hover?.(camera.image(now), event) ?? "";
      return;
    }
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
    if (gesture.kind === "pinch" && other) viewPinch(camera, before, now, other);
    else if (gesture.last) viewSlide(camera, overlay, gesture, event, now);
    held.set(event.pointerId, now);
    if (gesture.kind !== "draw") changed();
  };
  const up = (event) => {
    if (!held.delete(event.pointerId)) return;
    const { kind, moved, last } = gesture;
    const point = camera.image(viewPlace(view, event));
    gesture = held.size ? { kind: "over" } : null;
    if (event.type === "pointercancel") return kind === "draw" ? overlay.cancel?.() : undefined;
    if (!moved) return last ? overlay.tap?.(point, event) : undefined;
    return kind === "draw" ? overlay.drop?.(point, event) : undefined;
  };
  const heard = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up };
  for (const [name, listener] of Object.entries(heard)) view.addEventListener(name, listener);
  // The middle button would start the browser's own scrolling.
  view.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault());
}

/** The wheel zooms with Ctrl (a trackpad's pinch is that too) or while the view has the keyboard; else the page scrolls. */
function viewWheel(view, camera, { changed, placed }) {
  const turn = (event) => {
    if (!event.ctrlKey && !view.closest(".spin-view")?.contains(document.activeElement)) return;
    event.preventDefault();
    if (!placed()) return;
    const lines = event.deltaMode ? 16 : 1;
    camera.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), viewPlace(view, event));
    changed();
  };
  view.addEventListener("wheel", turn, { passive: false });
}

function viewSlider(word, reset, lit) {
  const name = word.toLowerCase();
  const input = h("input", {
    type: "range",
    min: "20",
    max: "300",
    step: "5",
    value: viewLight[name],
    "aria-label": `${word} of the picture, percent`,
    // These keys move the slider here, and shapes or the picture elsewhere.
    onkeydown: (event) => VIEW_SLIDER_KEYS.includes(event.key) && event.stopPropagation(),
    oninput: () => {
      viewLight[name] = Number(input.value);
      lit();
    },
    onclick: viewBack,
  });
  reset.push(() => (input.value = viewLight[name] = 100));
  return h("label", {}, word, input);
}

function viewTools(pictures, camera, changed) {
  const hint = h("span", { class: "spin-viewport-hint", dir: "auto" });
  const percent = h("span", { class: "spin-viewport-percent", title: "size on screen of the original's pixels" });
  const button = (words, text, does) =>
    h("button", { type: "button", title: words, "aria-label": words, onclick: (event) => (does(), changed(), viewBack(event)) }, text);
  const reset = [];
  const plain = button("Reset brightness and contrast", "Reset", () => {
    for (const back of reset) back();
    lit();
  });
  const lit = () => {
    pictures.style.filter = `brightness(${viewLight.brightness}%) contrast(${viewLight.contrast}%)`;
  };
  const out = button("Zoom out (−)", "−", () => camera.zoom(1 / VIEW_STEP));
  const into = button("Zoom in (+)", "+", () => camera.zoom(VIEW_STEP));
  const fit = button("Fit the whole picture (Home)", "Fit", camera.fit);
  const light = h("button", { type: "button", class: "spin-viewport-light", "aria-expanded": "false", title: "Brightness and contrast" }, "Light");
  light.addEventListener("click", (event) => {
    const isOpen = element.classList.toggle("spin-viewport-lit");
    light.setAttribute("aria-expanded", String(isOpen));
    viewBack(event);
  });
  const controls = [out, percent, into, fit, light, viewSlider("Brightness", reset, lit), viewSlider("Contrast", reset, lit), plain];
  const element = h("div", { class: "spin-viewport-tools", role: "group", "aria-label": "view of the picture" }, hint, ...controls);
  lit();
  const draw = () => write(percent, `${Math.round(100 * camera.at.scale)} %`);
  return { element, hint: (words) => write(hint, words), draw };
}

function viewKey(event, camera) {
  if (event.ctrlKey || event.metaKey || event.altKey || !event.key) return false;
  if (event.key === "+" || event.key === "=") camera.zoom(VIEW_STEP);
  else if (event.key === "-") camera.zoom(1 / VIEW_STEP);
  else if (event.key === "Home") camera.fit();
  else if (event.key in VIEW_ARROWS && !camera.fitted()) camera.pan(...VIEW_ARROWS[event.key]);
  else return false;
  event.preventDefault();
  return true;
}

function viewCanvas({ bitmap }) {
  const canvas = h("canvas", { class: "spin-viewport-picture", width: bitmap.width, height: bitmap.height });
  canvas.classList.toggle("spin-viewport-pixels", Math.max(bitmap.width, bitmap.height) <= 128);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas;
}

/**
 * The picture of a card with its tools. `overlay` is told of pointers, and draws, from back to front: lines into `svg`, words
 * into `layer` (HTML; toView gives left and top), what can be grasped into `front`.
 */
export function viewport(card, { overlay = {}, kit } = {}) {
  const size = card.size ?? [card.bitmap.width, card.bitmap.height];
  const camera = viewCamera(size);
  const canvas = viewCanvas(card);
  const detail = kit?.ask && card.bitmap.width < size[0] ? new Detail(card, kit, size) : null;
  const pictures = h("div", { class: "spin-viewport-pictures" }, canvas, ...(detail ? [detail.element] : []));
  const [svg, front] = [0, 1].map(() => viewSvg("svg", { "aria-hidden": "true", preserveAspectRatio: "none" }));
  const layer = h("div", { class: "spin-viewport-layer", "aria-hidden": "true" });
  const view = h("div", { class: "spin-viewport-view", role: "img", "aria-label": `image ${card.id}` }, pictures, svg, layer, front);
  const { at } = camera;
  const changed = () => {
    canvas.style.transform = `translate(${at.x}px, ${at.y}px) scale(${(at.scale * size[0]) / canvas.width}, ${(at.scale * size[1]) / canvas.height})`;
    if (at.room[0]) detail?.look(at);
    const box = [-at.x, -at.y, ...at.room].map((length) => length / at.scale).join(" ");
    for (const drawing of [svg, front]) drawing.setAttribute("viewBox", box);
    tools.draw();
    self.onchange?.();
  };
  const tools = viewTools(pictures, camera, changed);
  const place = () => {
    camera.resize([view.clientWidth, view.clientHeight]);
    changed();
  };
  const watch = new ResizeObserver(place);
  /** Whether the picture has its place. On a busy page a hand is faster than the frame in which the observer tells. */
  const placed = () => {
    if (!at.room[0] && view.clientWidth) place();
    return at.room[0] > 0;
  };
  const element = h("div", { class: "spin-viewport" }, view, tools.element);
  const toImage = (clientX, clientY) => camera.image(viewPlace(view, { clientX, clientY }));
  const toView = ([x, y]) => [at.x + x * at.scale, at.y + y * at.scale];
  const key = (event) => placed() && viewKey(event, camera) && (changed(), true);
  const close = () => {
    watch.disconnect();
    detail?.close();
  };
  const self = { element, svg, layer, front, size, hint: tools.hint, toImage, toView, placed, key, close, onchange: null };
  Object.defineProperties(self, { scale: { get: () => at.scale }, room: { get: () => at.room } });
  viewPointers(view, camera, overlay, { changed, placed });
  viewWheel(view, camera, { changed, placed });
  watch.observe(view);
  return self;
}

MEDIA["image/png"] = MEDIA["image/jpeg"] = (card, kit) => viewport(card, { kit });

// A picture to look at closely: zoom, pan, light, and an overlay in pixels of the original. It knows nothing of labels.

import { h, svgElement, write } from "../base/dom.js";
import { createCamera } from "./camera.js";
import { Detail } from "./detail.js";
import { MEDIA } from "./registry.js";

const ZOOM_STEP = 1.25;
const TAP_TOLERANCE_PX = { touch: 10, pen: 6 }; // CSS pixels a pointer may tremble and still tap; 3 for a mouse
const ARROW_PAN_PX = { ArrowLeft: [48, 0], ArrowRight: [-48, 0], ArrowUp: [0, 48], ArrowDown: [0, -48] };
const SLIDER_KEYS = [...Object.keys(ARROW_PAN_PX), "Home", "End", "PageUp", "PageDown"];
const lightPercents = { brightness: 100, contrast: 100 }; // percent; a dark series stays readable from one picture to the next

/** Where a pointer is, in CSS pixels of the view. */
function pointerPlace(view, { clientX, clientY }) {
  const box = view.getBoundingClientRect();
  return [clientX - box.left, clientY - box.top];
}

/** After a click the keys go on working; a control reached with Tab keeps the focus. */
export function focusView(event) {
  if (event.detail > 0) event.currentTarget.closest(".spin-view")?.focus({ preventScroll: true });
}

/** One of two fingers moved from `before` to `now`, `other` is where the second one is. */
function pinch(camera, before, now, other) {
  const [apart, were] = [now, before].map((one) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1])));
  const middle = [(before[0] + other[0]) / 2, (before[1] + other[1]) / 2];
  camera.zoom(apart / were, middle, [(now[0] - before[0]) / 2, (now[1] - before[1]) / 2]);
}

/** One pointer moved: it draws or pans, once it has really left its place. */
function slide(camera, overlay, gesture, event, now) {
  const [dx, dy] = [now[0] - gesture.last[0], now[1] - gesture.last[1]];
  gesture.moved ||= Math.hypot(dx, dy) > (TAP_TOLERANCE_PX[event.pointerType] ?? 3);
  if (!gesture.moved) return;
  gesture.last = now;
  if (gesture.kind === "draw") overlay.drag?.(camera.image(now), event);
  else camera.pan(dx, dy);
}

/**
 * Pointers on the view. `overlay` may take a gesture: press(point, event) -> bool, then drag and drop, or tap when the
 * pointer did not move (also when not taken), or cancel; hover(point, event) -> cursor. Points are original pixels.
 */
function followPointers(view, camera, overlay, { changed, placed }) {
  const pointers = new Map(); // pointer id -> [x, y] in the view
  let gesture = null; // {kind: "draw" | "pan" | "pinch" | "over", last: [x, y], moved}
  const down = (event) => {
    if (event.button > 1 || !placed()) return;
    const now = pointerPlace(view, event);
    view.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, now);
    if (pointers.size > 1) {
      if (gesture?.kind === "draw") overlay.cancel?.();
      gesture = { kind: "pinch" };
      return;
    }
    const pans = event.button === 1 || event.shiftKey;
    const isOverlays = !pans && overlay.press?.(camera.image(now), event);
    gesture = { kind: isOverlays ? "draw" : "pan", last: now, moved: pans };
  };
  const move = (event) => {
    if (!placed()) return;
    const now = pointerPlace(view, event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      view.style.cursor = overlay.hover?.(camera.image(now), event) ?? "";
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (gesture.kind === "pinch" && other) pinch(camera, before, now, other);
    else if (gesture.last) slide(camera, overlay, gesture, event, now);
    pointers.set(event.pointerId, now);
    if (gesture.kind !== "draw") changed();
  };
  const up = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    const { kind, moved, last } = gesture;
    const point = camera.image(pointerPlace(view, event));
    gesture = pointers.size ? { kind: "over" } : null;
    if (event.type === "pointercancel") return kind === "draw" ? overlay.cancel?.() : undefined;
    if (!moved) return last ? overlay.tap?.(point, event) : undefined;
    return kind === "draw" ? overlay.drop?.(point, event) : undefined;
  };
  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up };
  for (const [name, listener] of Object.entries(listeners)) view.addEventListener(name, listener);
  // The middle button would start the browser's own scrolling.
  view.addEventListener("mousedown", (event) => event.button === 1 && event.preventDefault());
}

/** The wheel zooms with Ctrl (a trackpad's pinch is that too) or while the view has the keyboard; else the page scrolls. */
function followWheel(view, camera, { changed, placed }) {
  const turn = (event) => {
    if (!event.ctrlKey && !view.closest(".spin-view")?.contains(document.activeElement)) return;
    event.preventDefault();
    if (!placed()) return;
    const lines = event.deltaMode ? 16 : 1;
    camera.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), pointerPlace(view, event));
    changed();
  };
  view.addEventListener("wheel", turn, { passive: false });
}

function lightSlider(word, reset, lit) {
  const name = word.toLowerCase();
  const input = h("input", {
    type: "range",
    min: "20",
    max: "300",
    step: "5",
    value: lightPercents[name],
    "aria-label": `${word} of the picture, percent`,
    // These keys move the slider here, and shapes or the picture elsewhere.
    onkeydown: (event) => SLIDER_KEYS.includes(event.key) && event.stopPropagation(),
    oninput: () => {
      lightPercents[name] = Number(input.value);
      lit();
    },
    onclick: focusView,
  });
  reset.push(() => (input.value = lightPercents[name] = 100));
  return h("label", {}, word, input);
}

function viewportTools(pictures, camera, changed) {
  const hint = h("span", { class: "spin-viewport-hint", dir: "auto" });
  const percent = h("span", { class: "spin-viewport-percent", title: "size on screen of the original's pixels" });
  const button = (words, text, act) =>
    h("button", { type: "button", title: words, "aria-label": words, onclick: (event) => (act(), changed(), focusView(event)) }, text);
  const reset = [];
  const plain = button("Reset brightness and contrast", "Reset", () => {
    for (const back of reset) back();
    lit();
  });
  const lit = () => {
    pictures.style.filter = `brightness(${lightPercents.brightness}%) contrast(${lightPercents.contrast}%)`;
  };
  const out = button("Zoom out (−)", "−", () => camera.zoom(1 / ZOOM_STEP));
  const into = button("Zoom in (+)", "+", () => camera.zoom(ZOOM_STEP));
  const fit = button("Fit the whole picture (Home)", "Fit", camera.fit);
  const light = h("button", { type: "button", class: "spin-viewport-light", "aria-expanded": "false", title: "Brightness and contrast" }, "Light");
  light.addEventListener("click", (event) => {
    const isOpen = element.classList.toggle("spin-viewport-lit");
    light.setAttribute("aria-expanded", String(isOpen));
    focusView(event);
  });
  const controls = [out, percent, into, fit, light, lightSlider("Brightness", reset, lit), lightSlider("Contrast", reset, lit), plain];
  const element = h("div", { class: "spin-viewport-tools", role: "group", "aria-label": "view of the picture" }, hint, ...controls);
  lit();
  const draw = () => write(percent, `${Math.round(100 * camera.at.scale)} %`);
  return { element, hint: (words) => write(hint, words), draw };
}

function cameraKey(event, camera) {
  if (event.ctrlKey || event.metaKey || event.altKey || !event.key) return false;
  if (event.key === "+" || event.key === "=") camera.zoom(ZOOM_STEP);
  else if (event.key === "-") camera.zoom(1 / ZOOM_STEP);
  else if (event.key === "Home") camera.fit();
  else if (event.key in ARROW_PAN_PX && !camera.fitted()) camera.pan(...ARROW_PAN_PX[event.key]);
  else return false;
  event.preventDefault();
  return true;
}

function pictureCanvas({ bitmap }) {
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
  const camera = createCamera(size);
  const canvas = pictureCanvas(card);
  const detail = kit?.ask && card.bitmap.width < size[0] ? new Detail(card, kit, size) : null;
  const pictures = h("div", { class: "spin-viewport-pictures" }, canvas, ...(detail ? [detail.element] : []));
  const [svg, front] = [0, 1].map(() => svgElement("svg", { "aria-hidden": "true", preserveAspectRatio: "none" }));
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
  const tools = viewportTools(pictures, camera, changed);
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
  const toView = ([x, y]) => [at.x + x * at.scale, at.y + y * at.scale];
  const key = (event) => placed() && cameraKey(event, camera) && (changed(), true);
  const close = () => {
    watch.disconnect();
    detail?.close();
  };
  const self = { element, svg, layer, front, size, hint: tools.hint, toView, placed, key, close, onchange: null };
  Object.defineProperties(self, { scale: { get: () => at.scale }, room: { get: () => at.room } });
  followPointers(view, camera, overlay, { changed, placed });
  followWheel(view, camera, { changed, placed });
  watch.observe(view);
  return self;
}

MEDIA["image/png"] = MEDIA["image/jpeg"] = (card, kit) => viewport(card, { kit });

// How much of the page the labeller takes: item, buttons and commands are on screen together, or it fills the screen.

import { h } from "../base/dom.js";
import { nameShortcuts } from "../base/key_events.js";
import { keyOf } from "../base/keys.js";

const MIN_HEIGHT_PX = 420; // CSS pixels; where less can be seen the page scrolls
const FRAME_PX = 16; // left free of what can be seen: the cell's own frame
const LOW_HEIGHT_PX = 660; // below, what is no work takes less
const NARROW_WIDTH_PX = 560; // below, too
const WIDE_WIDTH_PX = 820; // from here on a list of shapes stands beside the picture

/** The outermost element that scrolls another, or null: those within grow with what they hold. */
function outermostScroller(element) {
  let outermost = null;
  for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(at).overflowY)) outermost = at;
  }
  return outermost;
}

/** Pixels of the page that can be seen at once, over the keyboard of a touch screen. */
function visibleHeight(scroller) {
  const { visualViewport: viewport } = window;
  const height = viewport ? viewport.height * viewport.scale : window.innerHeight;
  if (scroller) return Math.min(height, scroller.clientHeight);
  // A frame may be as high as what it holds: its own height says nothing.
  return window.parent === window ? height : Math.max(height, 0.7 * screen.availHeight);
}

/** Keep a labeller as high as what can be seen. Returns what ends that. */
export function keepToVisibleHeight(root) {
  let scroller = null;
  const fit = () => {
    if (!root.isConnected) return;
    const now = outermostScroller(root); // a cell may be moved
    if (now !== scroller) {
      if (scroller) watch.unobserve(scroller);
      if (now) watch.observe(now);
      scroller = now;
    }
    const isFull = document.fullscreenElement === root;
    const room = isFull ? window.innerHeight : Math.max(MIN_HEIGHT_PX, visibleHeight(scroller) - FRAME_PX);
    root.style.setProperty("--spin-room", `${Math.floor(room)}px`);
    root.classList.toggle("spin-low", room < LOW_HEIGHT_PX || root.clientWidth < NARROW_WIDTH_PX);
    root.classList.toggle("spin-wide", root.clientWidth >= WIDE_WIDTH_PX);
  };
  const watch = new ResizeObserver(fit);
  watch.observe(root);
  const resizeEvents = [
    [window, "resize"],
    [window.visualViewport, "resize"],
    [root, "fullscreenchange"],
  ];
  for (const [target, name] of resizeEvents) target?.addEventListener(name, fit);
  return () => {
    watch.disconnect();
    for (const [target, name] of resizeEvents) target?.removeEventListener(name, fit);
  };
}

/** The button that fills the screen with the labeller, and its keys. */
export function fullScreenButton(labelQueue) {
  const rootOf = () => button.closest(".spin-labeller");
  const isFull = () => rootOf() !== null && document.fullscreenElement === rootOf();
  const toggle = async () => {
    const root = rootOf();
    try {
      await (isFull() ? document.exitFullscreen() : root.requestFullscreen());
    } catch {
      labelQueue.warn("The browser does not let this page fill the screen.");
    }
    root.focus({ preventScroll: true });
  };
  const button = h("button", { type: "button", class: "spin-full", onclick: toggle }, h("i", { class: "spin-corners", "aria-hidden": "true" }));
  const draw = () => {
    const key = keyOf(labelQueue.table, "full");
    const words = isFull() ? "Leave full screen" : "Full screen";
    button.setAttribute("aria-label", words);
    button.setAttribute("aria-pressed", String(isFull()));
    button.title = key ? `${words} (${key})` : words;
    nameShortcuts(button, key);
  };
  /** Escape leaves the full screen, not the labeller; most browsers take that key themselves. */
  const key = (event) => {
    if (event.key !== "Escape" || !isFull()) return false;
    toggle();
    return true;
  };
  return { button, draw, key, toggle };
}

// What drawn media share: ticks, a sharp canvas that follows size and theme, keys, buttons.

import { briefly, h } from "../base/dom.js";

const PLOT_FONT = "11px system-ui, -apple-system, 'Segoe UI', sans-serif";
const PLOT_INKS = {
  ink: "var(--spin-ink)",
  paper: "var(--spin-paper)",
  line: "var(--spin-line)",
  brand: "var(--spin-brand)",
  soft: "var(--spin-soft)",
  ground: "color-mix(in srgb, var(--spin-ink) 5%, var(--spin-paper))", // of a frame: wash on paper
};

/** Ticks people like within [low, high]: steps of 1, 2 or 5 times a power of ten, about `most` of them. */
export function niceTicks(low, high, most) {
  const raw = (high - low) / Math.max(1, most);
  if (!(raw > 0) || !Number.isFinite(raw)) return { step: 1, at: [] };
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const n = Math.min(1000, Math.floor(high / step + 1e-9) - first + 1);
  return { step, at: Array.from({ length: Math.max(0, n) }, (_, k) => (first + k) * step) };
}

/** Ticks of values over some pixels: two at least, for one alone is no scale. */
export function valueTicks({ low, high, empty }, pixels) {
  let most = Math.max(2, pixels / 32);
  let ticks = niceTicks(low, high, most);
  while (ticks.at.length < 2 && most < 8) ticks = niceTicks(low, high, ++most);
  return empty ? { step: 1, at: [] } : ticks;
}

/** A value in words with as many digits as a step needs. */
export function tickWords(value, step) {
  if (!Number.isFinite(value)) return "no value";
  if (Math.abs(value) < step / 1e6) return "0";
  const fine = Math.floor(Math.log10(step) + 1e-9);
  const size = Math.floor(Math.log10(Math.abs(value)));
  const long = (size > 8 && fine > 3) || fine < -6;
  const text = long ? value.toExponential(Math.min(15, Math.max(0, size - fine))) : value.toFixed(Math.max(0, -fine));
  return text.replaceAll("-", "−");
}

/** A measured value: five digits say all that a float32 plot can. */
export function valueWords(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(5))).replaceAll("-", "−") : "no value";
}

/** Numbers of a buffer, wherever in the message it lies; none when their length is odd. */
export function numbersOf(bytes, Kind) {
  const size = Kind.BYTES_PER_ELEMENT;
  if (!bytes || bytes.byteLength % size) return new Kind(0);
  if (bytes.byteOffset % size === 0) return new Kind(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
  return new Kind(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The theme's colours as a canvas takes them; read where the canvas lies, for the host may differ from the system. */
export function plotInks(host) {
  const probe = host.appendChild(h("i", { hidden: "" }));
  const read = (colour) => {
    probe.style.color = colour;
    return getComputedStyle(probe).color;
  };
  const inks = Object.fromEntries(Object.entries(PLOT_INKS).map(([name, colour]) => [name, read(colour)]));
  probe.remove();
  return inks;
}

/** As many device pixels as the canvas covers, one unit a CSS pixel. */
export function sharpen(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = PLOT_FONT;
  context.textBaseline = "middle";
  return { context, width, height };
}

const THEME_SETTLES = [0, 200, 800]; // milliseconds

/** `paint({context, width, height, inks})` now, on `again()`, and when size or theme change; at most once a frame. */
export function painter(canvas, paint) {
  let frame = 0;
  let inks = null;
  const draw = () => {
    frame = 0;
    if (!canvas.clientWidth || !canvas.clientHeight) return;
    inks ??= plotInks(canvas.parentElement);
    paint({ ...sharpen(canvas), inks });
  };
  const again = () => {
    frame ||= requestAnimationFrame(draw);
  };
  const anew = () => {
    inks = null;
    again();
  };
  const sizes = new ResizeObserver(anew);
  try {
    sizes.observe(canvas, { box: "device-pixel-content-box" }); // also when the window moves to another screen
  } catch {
    sizes.observe(canvas);
  }
  canvas.addEventListener("transitionend", anew); // drawing.css: a change of theme is a short transition of the ink
  // JupyterLab names its new theme before all of its colours are there.
  const themed = new MutationObserver(() => THEME_SETTLES.forEach((wait) => setTimeout(anew, wait)));
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  const close = () => {
    cancelAnimationFrame(frame);
    frame = -1; // no frame is asked for again
    sizes.disconnect();
    themed.disconnect();
    canvas.removeEventListener("transitionend", anew);
    canvas.width = canvas.height = 0; // some browsers hold a canvas's memory until it is collected
  };
  return { again, close };
}

/** Text over lines: a rim of the ground keeps it readable. */
export function haloText(context, inks, text, x, y) {
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = inks.ground;
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

/** As much of a text as fits into some pixels. */
export function fitting(context, text, pixels) {
  let words = briefly(text);
  while (words.length > 2 && context.measureText(words).width > pixels) words = `${words.slice(0, -2)}…`;
  return words;
}

/** The axis below a plot: its line, ticks, their words; the unit stands after the last one. */
export function bottomAxis({ context, inks }, { left, right, y, low, high, unit }) {
  const { step, at } = niceTicks(low, high, Math.max(2, (right - left) / 80));
  const x = (value) => left + ((value - low) / (high - low)) * (right - left);
  context.fillStyle = inks.line;
  context.fillRect(left, y, right - left, 1);
  context.textAlign = "center";
  at.forEach((value, i) => {
    const words = tickWords(value, step) + (i === at.length - 1 && unit ? ` ${briefly(unit, 12)}` : "");
    const halfWidth = context.measureText(words).width / 2;
    context.fillStyle = inks.line;
    context.fillRect(Math.round(x(value)), y, 1, 4);
    context.fillStyle = inks.soft;
    context.fillText(words, Math.min(x(value), right - halfWidth), y + 12);
  });
  return at.map(x);
}

/** The key of an event: "Shift+" in front where it counts, letters by position on keyboards of other scripts. */
export function keyName(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target?.closest?.("input[type=text], textarea")) return "";
  const letter = /^Key([A-Z])$/.exec(event.code ?? "")?.[1];
  const typed = event.key ?? "";
  const foreign = typed.length === 1 && letter && !/^\p{Script=Latin}$/u.test(typed);
  const key = foreign ? letter.toLowerCase() : typed.length === 1 ? typed.toLowerCase() : typed;
  return event.shiftKey && (key.length > 1 || /^\p{L}$/u.test(key)) ? `Shift+${key.length > 1 ? key : key.toUpperCase()}` : key;
}

/** After a click the keys go on working where they did; a button reached with Tab keeps the focus. */
export function backToView(event) {
  if (event.detail > 0) event.currentTarget.closest(".spin-part, .spin-view")?.focus({ preventScroll: true });
}

export function toolButton(face, label, key, act) {
  const click = (event) => {
    act();
    backToView(event);
  };
  const hint = key.replaceAll("Arrow", "").replace(" ", " or ");
  return h("button", { type: "button", class: "spin-tool", "aria-label": label, title: `${label} (${hint})`, "aria-keyshortcuts": key, onclick: click }, face);
}

/** Sliders and lists keep the keys they need; the others go on to the view. */
export function keepOwnKeys(control) {
  control.addEventListener("keydown", (event) => {
    const isControlKey = /^(Arrow|Page|Home|End)/.test(event.key) || (control.tagName === "SELECT" && /^( |Enter)$/.test(event.key));
    if (isControlKey && !event.shiftKey) event.stopPropagation();
  });
  return control;
}

// A figure of Python's, drawn by plotly. Each trace and the layout is a noun of its own: what changed travels alone.

import { channel } from "../base/channel.js";
import { h, write } from "../base/dom.js";
import { libraryPatiently } from "../base/library.js";
import { startAgain } from "../base/restart.js";

const NUMBERS = { float64: Float64Array, float32: Float32Array, int32: Int32Array, int16: Int16Array, int8: Int8Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array };
const CONFIG = { displayModeBar: false, responsive: false };

/** Numbers that came as bytes: a typed array, or a list of rows. The bytes may begin anywhere in a message. */
function numbers({ dtype, shape, bytes }) {
  const all = new NUMBERS[dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  if (shape.length === 1) return all;
  const [rows, columns] = shape;
  return Array.from({ length: rows }, (_, row) => all.subarray(row * columns, (row + 1) * columns));
}

const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value) && !ArrayBuffer.isView(value);

function decoded(value) {
  if (!isRecord(value)) return Array.isArray(value) && value.some(isRecord) ? value.map(decoded) : value;
  if (value.bytes instanceof DataView) return numbers(value);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, decoded(part)]));
}

/** Containers anew, arrays of numbers the same: plotly writes into the ones, and sees by the others what changed. */
function copied(value) {
  if (Array.isArray(value)) return value.some(isRecord) ? value.map(copied) : value;
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copied(part)])) : value;
}

/** The figure as it is now; what did not change since the last time is not decoded again. */
function figureOf(model) {
  const decodedByName = new Map();
  const noun = (name) => {
    const raw = model.get(name) ?? {};
    if (decodedByName.get(name)?.raw !== raw) decodedByName.set(name, { raw, value: decoded(raw) });
    return copied(decodedByName.get(name).value);
  };
  return () => ({
    traces: Array.from({ length: model.get("traces") }, (_, at) => noun(`trace_${at}`)),
    layout: noun("figure_layout"),
  });
}

/** Calls `work` until nothing more was asked for meanwhile; never twice at once. */
function oneAtATime(work) {
  let running = false;
  let isDue = false;
  return async () => {
    isDue = true;
    if (running) return;
    running = true;
    while (isDue) {
      isDue = false;
      await work();
    }
    running = false;
  };
}

function render({ model, el }) {
  const words = h("div", { class: "spin-waiting", role: "status" }, model.get("waiting"));
  const place = h("div", {});
  const root = h("div", { class: "spin-view spin-plot" }, words, place);
  el.append(root);
  const figure = figureOf(model);
  const talk = channel(model, () => {});
  let plotly = null;
  let closed = false;
  const paint = async () => {
    const width = root.clientWidth;
    if (closed || !width || !model.get("traces")) return; // a hidden tab has no width: it is drawn when it has
    plotly ??= (await libraryPatiently(model, model.get("plotly"))).default;
    if (closed) return;
    const { traces, layout } = figure();
    const isFirst = !words.hidden;
    words.hidden = true;
    await plotly.react(place, traces, { ...layout, width, autosize: false, uirevision: "spin" }, CONFIG);
    if (isFirst) place.on("plotly_click", ({ points: [point] }) => clicked(talk, point));
  };
  const draw = oneAtATime(() =>
    paint().catch((error) => {
      words.hidden = false;
      write(words, `The plot could not be drawn (${error.message}). Run this cell again.`);
    }),
  );
  const size = new ResizeObserver(() => draw());
  size.observe(root);
  model.on("change", draw);
  return () => {
    closed = true;
    size.disconnect();
    model.off("change", draw);
    talk.close();
    plotly?.purge(place);
  };
}

function clicked(talk, { curveNumber, pointIndex, pointNumber, x, y }) {
  try {
    talk.post("click", { trace: curveNumber, point: pointIndex ?? pointNumber, x, y });
  } catch {
    // The kernel was restarted: the plot stays to be looked at.
  }
}

export default { initialize: startAgain, render };

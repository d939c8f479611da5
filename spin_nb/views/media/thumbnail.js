// Small and still forms for other panels: no controls, nothing to close, colours by CSS so that they follow the theme.

import { briefly, h, svgElement } from "../base/dom.js";
import { jpeg } from "./frames.js";
import { brokenNote, IMAGES, note, partCard, picture, THUMB } from "./item.js";
import { readSeries } from "./line_plot.js";
import { FULL_SCALE, readWav, waveRange } from "./wave.js";

const PREVIEW_ROWS = 6; // channels of a series
const PREVIEW_CHARACTERS = 400; // characters of a text
const PREVIEW_COLUMNS = 8; // columns of a table row

/** Lowest and highest of `columns` groups of numbers as an SVG path in a box of 0..columns by 0..1. */
function rangePath(numbers, columns, { low, high }) {
  const n = Math.min(columns, numbers.length);
  const y = (value) => ((high - value) / (high - low)).toFixed(3);
  let path = "";
  let pen = "M";
  for (let k = 0; k < n; k++) {
    const { low: least, high: most, empty } = columnRange(numbers, Math.floor((k * numbers.length) / n), Math.floor(((k + 1) * numbers.length) / n));
    const x = n > 1 ? ((k * columns) / (n - 1)).toFixed(2) : columns / 2;
    if (!empty) path += `${pen}${x} ${y(least)}L${x} ${y(most)}`;
    pen = empty ? "M" : "L";
  }
  return path;
}

function columnRange(numbers, from, to) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = from; i < to; i++) {
    if (numbers[i] < low) low = numbers[i];
    if (numbers[i] > high) high = numbers[i];
  }
  return { low, high, empty: !(low <= high) || low - low !== 0 || high - high !== 0 };
}

/** Rows of numbers drawn small: [[numbers, range], ...]. */
function sparkline(rows, label, className) {
  const columns = 150;
  const facts = { class: `spin-spark ${className}`, role: "img", "aria-label": label, viewBox: `0 0 ${columns} ${rows.length}`, preserveAspectRatio: "none" };
  const svg = svgElement("svg", facts);
  rows.forEach(([numbers, range], row) => {
    const transform = `translate(0 ${row + 0.08}) scale(1 0.84)`;
    svg.append(svgElement("path", { d: rangePath(numbers, columns, range), transform }));
  });
  return svg;
}

function seriesPreview(card, className, most) {
  const series = readSeries(card);
  if (typeof series === "string") return null;
  const rows = series.names.slice(0, most).map((_, channel) => [series.of(channel), series.range(channel)]);
  return sparkline(rows, `series, ${series.names.length} channels`, className);
}

function soundPreview(card, className) {
  const wave = readWav(card.bytes?.[0]);
  if (!wave) return null;
  const high = waveRange(wave.samples).high * FULL_SCALE;
  return sparkline([[wave.samples, { low: -high, high }]], `sound, ${wave.seconds.toFixed(2)} s`, className);
}

/** The first frame, drawn when it is decoded; nothing is kept but the pixels. */
function videoPreview(card, className) {
  if (!card.bytes?.length) return null;
  const canvas = h("canvas", { class: className, role: "img", "aria-label": "first frame of the video", width: 16, height: 9 });
  const draw = (bitmap) => {
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
  };
  jpeg(card.bytes[0]).then(draw, () => {});
  return canvas;
}

/** The picture of a card without words, or null where it has none. */
function picturePreview(card, className, most) {
  if (card.broken) return null;
  if (card.bitmap || card.thumb) return picture(card, className, className === "spin-thumb" ? THUMB : Infinity);
  if (card.mime === "application/x-series") return seriesPreview(card, className, most);
  if (card.mime === "audio/wav") return soundPreview(card, className);
  if (card.mime === "video/x-frames") return videoPreview(card, className);
  return null;
}

const cardParts = (card) => (card.parts ?? []).map((part) => partCard(card, part));

/** An item without controls, as large as its panel: a picture, a text's beginning, a row, its parts one by one. */
export function preview(card) {
  if (card.broken) return brokenNote(card);
  if (card.mime === "multipart/mixed") {
    const parts = cardParts(card).map((part) => h("figure", {}, h("figcaption", {}, h("bdi", {}, briefly(part.name, 80))), preview(part)));
    return parts.length ? h("div", { class: "spin-still spin-stills" }, ...parts) : note("This item has no parts.");
  }
  const image = picturePreview(card, card.bitmap ? "spin-image" : "spin-still", PREVIEW_ROWS);
  if (image) return image;
  if (card.mime === "application/json") {
    const lines = Object.entries(card.data ?? {}).slice(0, PREVIEW_COLUMNS);
    const line = ([name, value]) => h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, briefly(name))), h("td", { dir: "auto" }, briefly(value ?? "", 120)));
    return lines.length ? h("table", { class: "spin-row" }, h("tbody", {}, ...lines.map(line))) : note("This row is empty.");
  }
  if (card.mime !== "text/plain") return note("Nothing of this item can be shown here.");
  const text = String(card.data ?? "");
  return text.trim() ? h("div", { class: "spin-text", dir: "auto" }, briefly(text, PREVIEW_CHARACTERS)) : note("This text is empty.");
}

/** A thumbnail (at most 74 x 62 pixels): a picture, or the first `most` characters, or the id. */
export function thumbnail(card, most = 40) {
  const cards = card.mime === "multipart/mixed" ? cardParts(card) : [card];
  for (const each of cards) {
    const image = picturePreview(each, "spin-thumb", 3);
    if (image) return image;
  }
  const words = cards.map(thumbnailWords).find((text) => text.trim()) ?? String(card.id ?? "");
  return h("span", { class: "spin-snippet", dir: "auto" }, briefly(words.trim(), most));
}

function thumbnailWords({ mime, data, broken }) {
  if (broken) return "";
  if (mime === "application/json") return Object.values(data ?? {}).slice(0, PREVIEW_COLUMNS).map((value) => briefly(value ?? "")).join(" · ");
  return mime === "text/plain" ? String(data ?? "").slice(0, 1000) : "";
}

/** The still form of a card; never an empty box. */
export function large(card) {
  if (IMAGES.includes(card.mime) && !card.bitmap && !card.broken) return note("Loading the picture…");
  return preview(card);
}

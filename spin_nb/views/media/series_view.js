// What of a series is on screen, and its picture: one row a channel over one time axis, a crosshair that reads all.

import { briefly } from "../base/dom.js";
import { bottomAxis, fitting, haloText, tickWords, valueWords } from "./drawing.js";
import { gutter, paintLinePlot } from "./line_plot.js";

export const SERIES_ROWS = 6; // more channels scroll
const SERIES_AXIS = 24; // pixels below the rows
const SERIES_NAMES = 120; // pixels at most beside them

export class SeriesView {
  constructor(series) {
    this.series = series;
    this.at = null; // sample under the crosshair
    this.scrolled = 0; // 0 at the first channel, 1 at the last
    this.fit();
  }

  fit() {
    const last = this.series.points - 1;
    this.begin = last ? 0 : -0.5;
    this.full = last || 1;
    [this.from, this.to] = [this.begin, this.begin + this.full];
  }

  get span() {
    return this.to - this.from;
  }

  get fits() {
    return this.span >= this.full - 1e-9;
  }

  /** Show `span` samples from `from`, never beyond the ends. */
  look(from, span) {
    const room = Math.min(this.full, Math.max(Math.min(4, this.full), span));
    const start = Math.min(Math.max(this.begin, from), this.begin + this.full - room);
    [this.from, this.to] = [start, start + room];
  }

  /** `factor` < 1 zooms in; the sample `about` stays where it is. */
  zoom(factor, about = this.at ?? (this.from + this.to) / 2) {
    const span = Math.min(this.full, Math.max(Math.min(4, this.full), this.span * factor));
    this.look(about - ((about - this.from) / this.span) * span, span);
  }

  point(sample) {
    this.at = Math.min(this.series.points - 1, Math.max(0, Math.round(sample)));
  }

  /** Move the crosshair by samples, by pixels where samples are closer; the view follows. */
  step(by) {
    const start = by > 0 ? Math.ceil(this.from) : Math.floor(this.to);
    const pixel = Math.max(1, Math.round(this.span / 800));
    this.point(this.at === null ? start : this.at + by * pixel);
    if (this.at < this.from) this.look(this.at, this.span);
    if (this.at > this.to) this.look(this.at - this.span, this.span);
  }

  /** Where things lie on a page of this size. */
  place(context, width, height) {
    const { names, range } = this.series;
    const row = (height - SERIES_AXIS) / Math.min(SERIES_ROWS, names.length);
    const offset = this.scrolled * (names.length * row - (height - SERIES_AXIS));
    const first = Math.max(0, Math.floor(offset / row + 1e-6));
    const last = Math.min(names.length - 1, Math.ceil((offset + height - SERIES_AXIS) / row - 1e-6) - 1);
    const visible = Array.from({ length: last - first + 1 }, (_, k) => first + k);
    // Names stand beside rows that are many, above one that is alone, and over the line where there is no room.
    const beside = names.length > 1 && width > 480;
    const widths = visible.map((channel) => context.measureText(briefly(names[channel])).width);
    const margin = beside ? Math.min(SERIES_NAMES, Math.ceil(Math.max(...widths)) + 6) : 0;
    const head = !beside && row > 70 ? 22 : 5;
    const left = margin + gutter(context, visible.map(range), row - head);
    const rows = visible.map((channel) => ({ channel, top: channel * row - offset, height: row }));
    this.page = { left, right: width - 10, bottom: height - SERIES_AXIS, rows, margin, head };
    return this.page;
  }

  /** Sample (a fraction) under a pixel. */
  sample(x) {
    const { left, right } = this.page;
    return this.from + ((x - left) / (right - left)) * this.span;
  }

  time(sample) {
    return this.series.start + sample * this.series.step;
  }

  /** Time in words: as many digits as tell neighbours apart. */
  timeWords(sample) {
    const { step, unit } = this.series;
    const fine = 10 ** Math.floor(Math.log10(step) + 1e-9);
    const round = Math.abs(step / fine - Math.round(step / fine)) < 1e-6;
    return `${tickWords(this.time(sample), round ? fine : fine / 10)} ${unit}`.trim();
  }

  /** What the crosshair reads, of the first channels on screen. */
  words(most = Infinity) {
    if (this.at === null) return "";
    const { names, of } = this.series;
    const channels = this.page?.rows.map((row) => row.channel) ?? [];
    const readings = channels.length > most ? [] : channels.map((c) => `${briefly(names[c], 24)} ${valueWords(of(c)[this.at])}`);
    return [this.timeWords(this.at), ...readings].join(" · ");
  }
}

export function paintSeries(paper, view) {
  const { context, inks, width, height } = paper;
  const { left, right, bottom, rows, head } = view.place(context, width, height);
  const { series, from, to } = view;
  context.save();
  context.beginPath();
  context.rect(0, 0, width, bottom + 1);
  context.clip();
  const scales = rows.map(({ channel, top, height: tall }) => {
    const where = { numbers: series.of(channel), range: series.range(channel), from, to, left, right, top: top + head, bottom: top + tall - 6 };
    const y = paintLinePlot(paper, where);
    context.fillStyle = inks.line;
    context.fillRect(0, Math.round(top + tall) - 1, right, 1);
    paintName(paper, view.page, { name: series.names[channel], top, tall, empty: where.range.empty });
    return y;
  });
  if (view.at !== null) paintCrosshair(paper, view, scales);
  context.restore();
  bottomAxis(paper, { left, right, y: bottom, low: view.time(from), high: view.time(to), unit: series.unit });
  if (view.fits) return;
  context.fillStyle = inks.brand; // which part of the whole is shown
  const part = (sample) => left + (sample / view.full) * (right - left);
  context.fillRect(part(from), height - 2, Math.max(3, part(to) - part(from)), 2);
}

function paintName({ context, inks }, { left, right, margin, head }, { name, top, tall, empty }) {
  context.fillStyle = inks.ink;
  context.textAlign = "left";
  if (margin) context.fillText(fitting(context, name, margin - 6), 0, top + tall / 2);
  else haloText(context, inks, fitting(context, name, right - left), head > 5 ? 0 : left + 6, top + 9);
  if (!empty) return;
  context.fillStyle = inks.soft;
  context.fillText("no values", left + 6, top + tall / 2 + 1);
}

function paintCrosshair({ context, inks }, view, scales) {
  const { left, right, bottom, rows } = view.page;
  const x = left + ((view.at - view.from) / view.span) * (right - left);
  if (x < left - 1 || x > right + 1) return;
  context.fillStyle = inks.soft;
  context.fillRect(Math.round(x), 0, 1, bottom);
  const flip = x > (left + right) / 2;
  context.textAlign = flip ? "right" : "left";
  rows.forEach(({ channel, top, height }, i) => {
    const value = view.series.of(channel)[view.at];
    context.fillStyle = inks.ink;
    haloText(context, inks, valueWords(value), x + (flip ? -8 : 8), top + Math.min(height - 8, 26));
    if (!Number.isFinite(value)) return;
    context.beginPath();
    context.arc(x, scales[i](value), 3.5, 0, 7);
    context.fillStyle = inks.brand;
    context.fill();
    context.strokeStyle = inks.paper;
    context.lineWidth = 1.5;
    context.stroke();
  });
}

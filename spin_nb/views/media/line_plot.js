// A row of numbers as a line: every extreme stays, however many numbers share a pixel.

import { numbersOf, tickWords, valueTicks } from "./drawing.js";

const LINE_WIDTH_PX = 1.5; // pixels a line is thick

/** Numbers and names of a series card, or the sentence that says why there are none. */
export function readSeries(card) {
  const { channels, points, start, step, unit } = card.data ?? {};
  const names = Array.isArray(channels) ? channels.map(String) : [];
  const numbers = numbersOf(card.bytes?.[0], Float32Array);
  if (!names.length || !Number.isInteger(points) || points < 1) return "This series is empty.";
  if (numbers.length < names.length * points) return "This series came incomplete.";
  const ranges = new Map();
  const of = (channel) => numbers.subarray(channel * points, (channel + 1) * points);
  const range = (channel) => {
    if (!ranges.has(channel)) ranges.set(channel, valueRange(of(channel)));
    return ranges.get(channel);
  };
  const time = { start: Number.isFinite(start) ? start : 0, step: step > 0 ? step : 1, unit: String(unit ?? "") };
  return { names, points, ...time, of, range };
}

/** Lowest and highest number with room around them; `empty` when there is none. */
function valueRange(numbers) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of numbers) {
    if (value - value !== 0) continue; // NaN and infinity: gaps
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: -1, high: 1, empty: true };
  const room = low < high ? 0.06 * (high - low) : 0.1 * Math.abs(low) || 1;
  return { low: low - room, high: high + room };
}

/** Draw numbers[from..to] over `width` pixels; NaN leaves a gap, a lone number is a dot. `y(number)` in pixels. */
function drawLine(context, numbers, { from, to, left, width, y }) {
  const scale = width / (to - from);
  const first = Math.max(0, Math.floor(from) - 1);
  const last = Math.min(numbers.length - 1, Math.ceil(to) + 1);
  const x = (i) => (i - from) * scale;
  const draw = last - first > 2 * width ? drawColumns : drawPoints;
  draw(context, numbers, first, last, x, left, y);
}

function drawPoints(context, numbers, first, last, x, left, y) {
  const path = new Path2D();
  const apart = x(first + 1) - x(first) > 12; // then each number is marked: what lies between is only a line
  const there = (i) => i >= first && i <= last && numbers[i] - numbers[i] === 0;
  for (let i = first; i <= last; i++) {
    if (!there(i)) continue;
    const [across, down] = [left + x(i), y(numbers[i])];
    if (there(i - 1)) path.lineTo(across, down);
    else path.moveTo(across, down);
    if (!apart && (there(i - 1) || there(i + 1))) continue;
    path.moveTo(across + 1, down);
    path.arc(across, down, 1, 0, 7);
    path.moveTo(across, down);
  }
  context.lineWidth = LINE_WIDTH_PX;
  context.lineJoin = context.lineCap = "round";
  context.stroke(path);
}

/** A bar from lowest to highest for each column of pixels, joined to the column before: bars are quicker than strokes. */
function drawColumns(context, numbers, first, last, x, left, y) {
  let column = null;
  let before = NaN; // the number before, NaN after a gap
  let low, high;
  const flush = () => {
    if (column === null) return;
    const [top, bottom] = [y(high), y(low)];
    context.fillRect(left + column + 0.5 - LINE_WIDTH_PX / 2, top - LINE_WIDTH_PX / 2, LINE_WIDTH_PX, bottom - top + LINE_WIDTH_PX);
    column = null;
  };
  for (let i = first; i <= last; i++) {
    const value = numbers[i];
    if (value - value !== 0) {
      flush();
      before = NaN;
      continue;
    }
    const at = Math.floor(x(i));
    if (at !== column) {
      flush();
      column = at;
      low = before < value ? before : value;
      high = before > value ? before : value;
    } else if (value < low) low = value;
    else if (value > high) high = value;
    before = value;
  }
  flush();
}

/** One channel in its place: grid and words of its values (`scale` a number), its line. Returns where a value is drawn. */
export function paintLinePlot({ context, inks }, { numbers, range, from, to, left, right, top, bottom, scale = 1 }) {
  const y = (value) => top + ((range.high - value) / (range.high - range.low)) * (bottom - top);
  const { step, at } = valueTicks(range, bottom - top);
  context.textAlign = "right";
  let below = Infinity;
  for (const value of at) {
    context.fillStyle = inks.line;
    context.fillRect(left, Math.round(y(value)), right - left, 1);
    if (below - y(value) < 12) continue; // its word would touch the last one
    below = y(value);
    context.fillStyle = inks.soft;
    context.fillText(tickWords(value, step), left - 6, y(value), left - 8);
  }
  context.save();
  context.beginPath();
  context.rect(left, top - 2, right - left, bottom - top + 4);
  context.clip();
  context.strokeStyle = context.fillStyle = inks.brand;
  drawLine(context, numbers, { from, to, left, width: right - left, y: (number) => y(number * scale) });
  context.restore();
  return y;
}

/** Room for the words of value ticks, in pixels. */
export function gutter(context, ranges, height) {
  const widths = ranges.flatMap((range) => {
    const { step, at } = valueTicks(range, height);
    return at.map((value) => context.measureText(tickWords(value, step)).width);
  });
  return Math.min(84, Math.ceil(Math.max(20, ...widths)) + 12);
}

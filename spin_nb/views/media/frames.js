// Frames of a video: those that were sent, any other on demand, and the strip they make.

import { oneAtATime, partOf } from "./item.js";

/** Facts of a video card with nothing impossible in them. */
function frameFacts(card) {
  const { rate, frames, at } = card.data ?? {};
  const nSent = card.bytes?.length ?? 0;
  const count = Number.isInteger(frames) && frames > 0 ? frames : nSent;
  const even = (k) => (nSent > 1 ? Math.round((k * (count - 1)) / (nSent - 1)) : 0);
  const numbers = Array.from({ length: nSent }, (_, k) => (Number.isInteger(at?.[k]) ? at[k] : even(k)));
  return { rate: rate > 0 ? rate : 1, timed: rate > 0, count, at: numbers.map((n) => Math.min(count - 1, Math.max(0, n))) };
}

export const jpeg = (bytes) => createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));

/** The frames sent, decoded while the item is shown; `came()` after each. Those that cannot be decoded are left out. */
export class Frames {
  constructor(card, came) {
    Object.assign(this, frameFacts(card));
    this.bitmaps = new Map(); // number -> bitmap
    const one = async (bytes, k) => {
      const bitmap = await jpeg(bytes).catch(() => null);
      if (this.closed || !bitmap || this.bitmaps.has(this.at[k])) return bitmap?.close();
      this.bitmaps.set(this.at[k], bitmap);
      came();
    };
    this.ready = Promise.all(Array.from(card.bytes ?? [], one)).then(() => {
      this.decoded = true;
      if (!this.closed) came();
    });
  }

  /** Whether a frame is at hand or on its way to be. */
  has(number) {
    return this.bitmaps.has(number) || (!this.decoded && this.at.includes(number));
  }

  /** Numbers of the frames at hand, in order. */
  get numbers() {
    return [...this.bitmaps.keys()].sort((a, b) => a - b);
  }

  /** The frame at hand that is nearest to a number. */
  nearest(number) {
    return this.numbers.reduce((best, each) => (Math.abs(each - number) < Math.abs(best - number) ? each : best), this.numbers[0]);
  }

  close() {
    this.closed = true;
    for (const bitmap of this.bitmaps.values()) bitmap.close();
    this.bitmaps.clear();
  }
}

/** Exact frames from the kernel. */
export class FrameFetcher {
  constructor(card, kit, came, failed) {
    Object.assign(this, { card, kit, came, failed });
    this.recent = new Map(); // number -> bitmap; the last few, for stepping back and forth
    this.ask = oneAtATime((number) => this.get(number));
  }

  want(number) {
    const bitmap = this.recent.get(number);
    if (bitmap && this.recent.delete(number)) this.recent.set(number, bitmap); // used just now: the last to go
    this.ask(bitmap ? null : number);
  }

  async get(number) {
    if (this.closed) return;
    try {
      if (!this.kit?.ask) throw new Error("there is no kernel here");
      const [reply, buffers] = await this.kit.ask("frame", { ...partOf(this.card), frame: number });
      if (reply?.problem || !buffers?.[0]) throw new Error(reply?.problem?.what ?? "no picture came");
      this.keep(number, await jpeg(buffers[0]));
    } catch (error) {
      if (!this.closed) this.failed(number, error);
    }
  }

  keep(number, bitmap) {
    if (this.closed) return bitmap.close();
    this.recent.set(number, bitmap);
    const oldest = this.recent.keys().next().value;
    if (this.recent.size > 12) {
      this.recent.get(oldest).close();
      this.recent.delete(oldest);
    }
    this.came(number);
  }

  close() {
    this.closed = true;
    this.ask(null);
    for (const bitmap of this.recent.values()) bitmap.close();
    this.recent.clear();
  }
}

/** The film strip: as many frames as fit, each where its time is; the mark is the frame shown. */
export function paintStrip({ context, inks, width, height }, frames, number) {
  const some = frames.bitmaps.get(frames.numbers[0]);
  if (!some) return;
  const tall = height - 6;
  const n = Math.max(1, Math.min(frames.bitmaps.size, Math.round(width / ((tall * some.width) / some.height))));
  const wide = width / n;
  for (let k = 0; k < n; k++) {
    const bitmap = frames.bitmaps.get(frames.nearest(((k + 0.5) / n) * (frames.count - 1)));
    const zoom = Math.max(wide / bitmap.width, tall / bitmap.height); // the middle of it, as a cut-out of the cell's shape
    const [w, t] = [wide / zoom, tall / zoom];
    context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - t) / 2, w, t, k * wide, 3, wide - 1, tall);
  }
  const x = frames.count > 1 ? 2 + (number / (frames.count - 1)) * (width - 4) : width / 2;
  context.fillStyle = inks.paper;
  context.fillRect(x - 3, 0, 6, height);
  context.fillStyle = inks.brand;
  context.fillRect(x - 1.5, 0, 3, height);
}

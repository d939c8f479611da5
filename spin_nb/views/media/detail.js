// A picture as sharp as it is looked at: the piece on screen comes from the kernel when what was sent is too coarse.

import { h } from "../base/dom.js";
import { oneAtATime, partOf } from "./item.js";

const REST_MS = 150; // milliseconds after the last move
const MAX_SIDE_PX = 1600; // pixels a side that the kernel sends at most
const MIN_GAIN = 1.2; // times as fine it must be to be worth a question
const MARGIN_SHARE = 0.2; // of what is seen, on every side: a small move needs no question

/** The whole pixels around a box that lie in a picture. */
function detailBox([x, y, width, height], size, margin = 0) {
  const [left, top] = [x - margin * width, y - margin * height].map((place) => Math.max(0, Math.floor(place)));
  const ends = [x + (1 + margin) * width, y + (1 + margin) * height];
  const [right, bottom] = ends.map((place, i) => Math.min(size[i], Math.ceil(place)));
  return [left, top, right - left, bottom - top];
}

export class Detail {
  constructor(card, kit, size) {
    Object.assign(this, { card, kit, size, box: null, finest: card.bitmap.width / size[0] });
    this.sentScale = this.finest; // pixels sent per original pixel, of the whole picture and of the piece here
    this.element = h("canvas", { class: "spin-viewport-detail", hidden: true });
    this.want = oneAtATime((wish) => this.get(wish));
  }

  /** The camera moved. */
  look(at) {
    this.at = at;
    this.place();
    clearTimeout(this.timer);
    const wish = this.needed();
    if (wish) this.timer = setTimeout(() => this.want(wish), REST_MS);
    else this.want(null);
  }

  /** Which piece would be sharper than what is there, and how many pixels of it; null when none. */
  needed() {
    const { at, size } = this;
    const fine = Math.min(1, at.scale * devicePixelRatio);
    const view = [-at.x, -at.y, ...at.room].map((length) => length / at.scale);
    const exact = detailBox(view, size);
    if (fine <= this.sentScale * MIN_GAIN || exact[2] <= 0 || exact[3] <= 0) return null;
    if (this.covers(exact) && fine <= this.finest * MIN_GAIN) return null;
    const wide = detailBox(view, size, MARGIN_SHARE);
    const box = Math.max(wide[2], wide[3]) * fine <= MAX_SIDE_PX ? wide : exact;
    const side = Math.min(MAX_SIDE_PX, Math.ceil(Math.max(box[2], box[3]) * fine));
    return side / Math.max(box[2], box[3]) > this.sentScale * MIN_GAIN ? { box, side } : null;
  }

  covers([x, y, width, height]) {
    if (!this.box) return false;
    const [left, top, wide, high] = this.box;
    return left <= x && top <= y && left + wide >= x + width && top + high >= y + height;
  }

  async get({ box, side }) {
    try {
      const [reply, buffers] = await this.kit.ask("detail", { ...partOf(this.card), box, size: side });
      if (this.closed || reply?.problem || !buffers?.[0]) return;
      const bitmap = await createImageBitmap(new Blob([buffers[0]], { type: reply.mime }));
      if (!this.closed) this.show(bitmap, box);
      bitmap.close();
    } catch {
      // What was sent is still there, only coarser.
    }
  }

  show(bitmap, box) {
    Object.assign(this.element, { width: bitmap.width, height: bitmap.height });
    this.element.getContext("2d").drawImage(bitmap, 0, 0);
    this.box = box;
    this.finest = bitmap.width / box[2];
    this.place();
  }

  place() {
    const { at, box, element } = this;
    element.hidden = !box;
    if (!box) return;
    const [x, y] = [at.x + box[0] * at.scale, at.y + box[1] * at.scale];
    const across = (at.scale * box[2]) / element.width;
    const down = (at.scale * box[3]) / element.height;
    element.style.transform = `translate(${x}px, ${y}px) scale(${across}, ${down})`;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.want(null);
  }
}

// A video as its frames: a picture, a film strip to scrub, steps of one frame, playing through the frames sent.

import { briefly, h, write } from "../base/dom.js";
import { keyName, painter, toolButton } from "./drawing.js";
import { FrameFetcher, Frames, paintStrip } from "./frames.js";
import { note } from "./item.js";
import { MEDIA } from "./registry.js";

const PLAY_STEP = 250; // milliseconds a frame stays at most: frames of a long video lie minutes apart

/** What is shown of a video and how it changes; draws through the callbacks of its stage. */
class VideoView {
  constructor(card, kit, changed) {
    Object.assign(this, { card, changed, number: 0, late: "" });
    this.frames = new Frames(card, () => changed());
    const failed = (number, error) => {
      if (number === this.number) this.late = error.late || error.gone ? "the kernel does not answer" : briefly(error.message, 80);
      changed();
    };
    this.fetcher = new FrameFetcher(card, kit, () => changed(), failed);
  }

  /** {number, bitmap} of what can be drawn now: the exact frame, else the nearest one sent. */
  get picture() {
    const exact = this.frames.bitmaps.get(this.number) ?? this.fetcher.recent.get(this.number);
    if (exact) return { number: this.number, bitmap: exact };
    const near = this.frames.nearest(this.number);
    return near === undefined ? null : { number: near, bitmap: this.frames.bitmaps.get(near) };
  }

  go(number) {
    this.pause();
    this.number = Math.min(this.frames.count - 1, Math.max(0, Math.round(number)));
    this.late = "";
    this.changed();
    this.fetcher.want(this.frames.has(this.number) ? null : this.number);
  }

  /** To the frame sent before or after this one. */
  jump(by) {
    const { numbers } = this.frames;
    const there = by > 0 ? numbers.find((n) => n > this.number) : numbers.findLast((n) => n < this.number);
    if (there !== undefined) this.go(there);
  }

  get playing() {
    return Boolean(this.timer);
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  toggle() {
    if (this.playing) this.pause();
    else {
      if (this.number >= (this.frames.numbers.at(-1) ?? 0)) this.number = -1;
      this.play();
    }
    this.changed();
  }

  /** Show the next frame sent, and so on, at the video's pace or faster. */
  play() {
    const { numbers, rate } = this.frames;
    const next = numbers.find((n) => n > this.number);
    if (next === undefined) {
      this.pause();
      this.changed();
      return;
    }
    const after = numbers.find((n) => n > next) ?? next;
    this.number = next;
    this.late = "";
    this.timer = setTimeout(() => this.play(), Math.min(PLAY_STEP, (1000 * (after - next)) / rate));
    this.changed();
  }

  /** Time and number of the frame wanted. */
  get words() {
    const { count, rate, timed } = this.frames;
    const time = timed ? ` · ${(this.number / rate).toFixed(2)} s` : "";
    return `frame ${Math.max(0, this.number) + 1} of ${count}${time}`;
  }

  /** Why the picture is not the frame wanted; nothing when it is. */
  get apology() {
    const { picture } = this;
    if (!picture || picture.number === this.number) return "";
    return `showing frame ${picture.number + 1}, the nearest one sent${this.late && `: ${this.late}`}`;
  }

  close() {
    this.pause();
    this.frames.close();
    this.fetcher.close();
  }
}

/** What the keys of a video do. */
function videoKeys(view) {
  const step = (by) => () => view.go(view.number + by);
  return {
    __proto__: null,
    p: () => view.toggle(),
    ArrowLeft: step(-1),
    ArrowRight: step(1),
    ",": step(-1),
    ".": step(1),
    "Shift+ArrowLeft": () => view.jump(-1),
    "Shift+ArrowRight": () => view.jump(1),
    Home: () => view.go(0),
    End: () => view.go(view.frames.count - 1),
  };
}

/** The film strip as a slider: {element, draw, close}. */
function videoStrip(view) {
  const canvas = h("canvas", { class: "spin-plot", role: "img", "aria-label": "frames of the video" });
  const { count } = view().frames;
  const facts = { role: "slider", tabindex: "0", "aria-label": "frame", "aria-valuemin": 1, "aria-valuemax": count };
  const element = h("div", { class: "spin-film", ...facts }, canvas);
  const paint = painter(canvas, (paper) => paintStrip(paper, view().frames, Math.max(0, view().number)));
  const scrub = (event) => {
    const box = canvas.getBoundingClientRect();
    view().go(((event.clientX - box.left - 2) / Math.max(1, box.width - 4)) * (count - 1));
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    scrub(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons & 1 && scrub(event));
  const draw = () => {
    paint.again();
    element.setAttribute("aria-valuenow", Math.max(0, view().number) + 1);
    element.setAttribute("aria-valuetext", view().words);
  };
  return { element, draw, close: paint.close };
}

/** The frame itself; redrawn only when it is another one. */
function videoPicture(view) {
  const canvas = h("canvas", { class: "spin-picture", role: "img" });
  let lastBitmap = null;
  const draw = () => {
    const { picture, words } = view();
    if (!picture || picture.bitmap === lastBitmap) return;
    lastBitmap = picture.bitmap;
    [canvas.width, canvas.height] = [lastBitmap.width, lastBitmap.height];
    canvas.getContext("2d").drawImage(lastBitmap, 0, 0);
    canvas.setAttribute("aria-label", words);
    canvas.dataset.frame = picture.number;
  };
  return { element: canvas, draw };
}

MEDIA["video/x-frames"] = (card, kit) => {
  if (!card.bytes?.length) return { element: note("This video has no frames.") };
  let view = null;
  const changed = () => view && draw();
  view = new VideoView(card, kit, changed);
  const [picture, strip] = [videoPicture(() => view), videoStrip(() => view)];
  const play = toolButton("", "play", "P", () => view.toggle());
  const back = toolButton("◂", "one frame back", "ArrowLeft ,", () => view.go(view.number - 1));
  const on = toolButton("▸", "one frame on", "ArrowRight .", () => view.go(view.number + 1));
  const [words, sorry] = [h("span", { class: "spin-clock" }), h("span", { class: "spin-quiet", role: "status" })];
  const draw = () => {
    for (const part of [picture, strip]) part.draw();
    write(play, view.playing ? "❚❚ Pause" : "▶ Play");
    play.setAttribute("aria-label", view.playing ? "pause" : "play");
    write(words, view.words);
    write(sorry, view.apology);
  };
  const element = h("div", { class: "spin-medium spin-video" }, picture.element, strip.element, h("div", { class: "spin-tools" }, play, back, on, words, sorry));
  view.frames.ready.then(() => !view.frames.closed && !view.frames.bitmaps.size && element.replaceChildren(note("None of the frames can be shown.")));
  draw();
  const acts = videoKeys(view);
  const key = (event) => {
    const name = keyName(event);
    if (!acts[name]) return false;
    if (!(event.repeat && name === "p")) acts[name]();
    return true;
  };
  const close = () => {
    strip.close();
    view.close();
  };
  return { element, key, close };
};

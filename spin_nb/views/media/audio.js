// A sound: seen above its spectrogram, heard with P, followed by a cursor. Nothing is decoded before it is shown.

import { h, write } from "../base/dom.js";
import { keepOwnKeys, keyName, painter, toolButton } from "./drawing.js";
import { note } from "./item.js";
import { MEDIA } from "./registry.js";
import { greys, paintSound, readWav, tinted } from "./wave.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
const AUTOPLAY = "spin_nb/autoplay";
const heardAs = { volume: 1, speed: 1, loop: false }; // a person's choice, kept from item to item

/** Whether a sound plays as soon as it is shown: kept in the browser, where it may be kept. */
const autoplay = {
  get on() {
    try {
      return localStorage.getItem(AUTOPLAY) === "on";
    } catch {
      return Boolean(this.here);
    }
  },
  set on(on) {
    this.here = on;
    try {
      localStorage.setItem(AUTOPLAY, on ? "on" : "off");
    } catch {
      // It holds for this page.
    }
  },
};

/** Where a sound stands and the element that plays it; `changed()` after everything that shows. */
class Player {
  constructor(bytes, seconds, changed, refused) {
    Object.assign(this, { seconds, changed, refused, at: 0, frame: 0 });
    this.url = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
    this.audio = h("audio", { preload: "auto", src: this.url });
    this.choose({});
    for (const name of ["play", "pause", "ended", "seeked"]) this.audio.addEventListener(name, () => this.follow());
    this.audio.addEventListener("error", () => this.fail(this.audio.error?.message));
  }

  get playing() {
    return !this.audio.paused && !this.audio.ended;
  }

  chooseAutoplay() {
    autoplay.on = !autoplay.on;
    if (autoplay.on && !this.playing) this.toggle();
    this.changed();
  }

  choose(how) {
    Object.assign(heardAs, how);
    this.audio.volume = heardAs.volume;
    this.audio.playbackRate = heardAs.speed;
    this.audio.loop = heardAs.loop;
    this.changed();
  }

  /** The cursor follows what is heard, frame by frame while it plays. */
  follow() {
    cancelAnimationFrame(this.frame);
    if (this.closed) return;
    this.at = Math.min(this.seconds, this.audio.currentTime);
    this.changed();
    if (this.playing) this.frame = requestAnimationFrame(() => this.follow());
  }

  seek(seconds) {
    this.at = Math.min(this.seconds, Math.max(0, seconds));
    if (this.audio.readyState > 0) this.audio.currentTime = this.at;
    this.changed();
  }

  toggle() {
    if (this.playing) this.audio.pause();
    else {
      if (this.at >= this.seconds - 0.01) this.seek(0);
      this.audio.play().catch((error) => error.name !== "AbortError" && this.fail(error.name));
    }
  }

  fail(why) {
    if (this.closed) return;
    if (why === "NotAllowedError") this.refused("The browser waits for a click before it plays: press Play.");
    else this.refused("This browser does not play the sound; its picture and the cursor still work.");
    this.changed();
  }

  /** Begin by itself, unless another sound on the page has. */
  begin() {
    if (!autoplay.on || Player.active) return;
    Player.active = this;
    this.toggle();
  }

  close() {
    this.closed = true;
    if (Player.active === this) Player.active = null;
    cancelAnimationFrame(this.frame);
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load(); // lets go of what was decoded
    URL.revokeObjectURL(this.url);
  }
}

/** The sound of a card as it is drawn; `ready` settles when its spectrogram is there. */
function readSound(card) {
  const wave = readWav(card.bytes?.[0]);
  const { seconds, top } = card.data ?? {};
  const sound = { samples: wave?.samples, seconds: wave?.seconds || Number(seconds) || 1, top: top > 0 ? top : (wave?.rate ?? 2) / 2 };
  const colour = (bitmap) => {
    const levels = greys(bitmap);
    bitmap.close();
    let [lastInks, lastTint] = [];
    sound.tint = (inks) => (inks === lastInks ? lastTint : ((lastInks = inks), (lastTint = tinted(levels, inks))));
    sound.spectrum = true;
  };
  const bytes = card.bytes?.[1];
  sound.ready = bytes?.byteLength ? createImageBitmap(new Blob([bytes], { type: "image/png" })).then(colour, () => {}) : Promise.resolve();
  return sound;
}

function speedList(player) {
  const options = SPEEDS.map((speed) => h("option", { value: speed }, `${speed}×`));
  const list = h("select", { "aria-label": "speed", title: "speed (< and >)", "aria-keyshortcuts": "< >" }, ...options);
  list.addEventListener("change", () => player().choose({ speed: Number(list.value) }));
  return keepOwnKeys(list);
}

function volumeSlider(player) {
  const attributes = { "aria-label": "volume", title: "volume (Shift+Up, Shift+Down)", "aria-keyshortcuts": "Shift+ArrowUp Shift+ArrowDown" };
  const slider = h("input", { type: "range", min: 0, max: 1, step: 0.05, ...attributes });
  slider.addEventListener("input", () => player().choose({ volume: Number(slider.value) }));
  return keepOwnKeys(slider);
}

/** What the keys of a sound do. */
function soundKeys(player) {
  const jump = Math.min(1, player.seconds / 20);
  const faster = (by) => SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(heardAs.speed) + by))];
  const louder = (by) => Math.min(1, Math.max(0, Math.round(20 * (heardAs.volume + by)) / 20));
  return {
    __proto__: null,
    p: () => player.toggle(),
    "Shift+A": () => player.chooseAutoplay(),
    "Shift+L": () => player.choose({ loop: !heardAs.loop }),
    ArrowLeft: () => player.seek(player.at - jump),
    ArrowRight: () => player.seek(player.at + jump),
    Home: () => player.seek(0),
    End: () => player.seek(player.seconds),
    "<": () => player.choose({ speed: faster(-1) }),
    ">": () => player.choose({ speed: faster(1) }),
    "Shift+ArrowUp": () => player.choose({ volume: louder(0.1) }),
    "Shift+ArrowDown": () => player.choose({ volume: louder(-0.1) }),
  };
}

/** Buttons and their state: {element, draw}. */
function soundTools(player) {
  const face = h("span");
  const play = toolButton(face, "play", "P", () => player().toggle());
  play.append(" ", h("kbd", {}, "P"));
  const auto = toolButton("Autoplay", "Autoplay: play each sound as it comes", "Shift+A", () => player().chooseAutoplay());
  const loop = toolButton("Loop", "Loop: play again and again", "Shift+L", () => player().choose({ loop: !heardAs.loop }));
  const [speed, volume] = [speedList(player), volumeSlider(player)];
  const clock = h("span", { class: "spin-clock" });
  const element = h("div", { class: "spin-tools" }, play, clock, auto, loop, speed, h("span", { class: "spin-volume" }, "Volume", volume));
  const draw = (now) => {
    auto.setAttribute("aria-pressed", autoplay.on);
    write(face, now.playing ? "❚❚ Pause" : "▶ Play");
    play.setAttribute("aria-label", now.playing ? "pause" : "play");
    loop.setAttribute("aria-pressed", heardAs.loop);
    speed.value = String(heardAs.speed);
    volume.value = String(heardAs.volume);
    write(clock, `${now.at.toFixed(2)} / ${now.seconds.toFixed(2)} s`);
  };
  return { element, draw };
}

/** The picture of a sound with its cursor; a click or a drag seeks. */
function soundPane(sound, player) {
  const canvas = h("canvas", { class: "spin-plot", role: "img", "aria-label": "waveform above the spectrogram" });
  const cursor = h("i", { class: "spin-cursor" });
  const facts = { role: "slider", tabindex: "0", "aria-label": "position in the sound", "aria-valuemin": 0, "aria-valuemax": sound.seconds.toFixed(2) };
  const element = h("div", { class: "spin-wave", ...facts }, canvas, cursor);
  let place = null;
  const draw = () => {
    const { at } = player();
    element.setAttribute("aria-valuenow", at.toFixed(2));
    element.setAttribute("aria-valuetext", `${at.toFixed(2)} seconds`);
    cursor.hidden = !place;
    if (place) cursor.style.transform = `translateX(${place.left + (at / sound.seconds) * (place.right - place.left)}px)`;
  };
  const paint = painter(canvas, (paper) => {
    place = paintSound(paper, sound);
    draw();
  });
  const seek = (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    if (place) player().seek(((x - place.left) / (place.right - place.left)) * sound.seconds);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    seek(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons & 1 && seek(event));
  return { element, draw, paint };
}

MEDIA["audio/wav"] = (card, kit) => {
  const sound = readSound(card);
  if (!sound.samples?.length && !card.bytes?.[1]?.byteLength) return { element: note("This sound is empty.") };
  let player = null;
  const words = h("p", { class: "spin-quiet", role: "status" });
  const [pane, tools] = [soundPane(sound, () => player), soundTools(() => player)];
  const changed = () => {
    if (!player) return;
    pane.draw();
    tools.draw(player);
  };
  const refused = (why) => {
    write(words, why);
    kit?.say?.(why);
  };
  player = new Player(card.bytes?.[0] ?? new Uint8Array(), sound.seconds, changed, refused);
  changed();
  player.begin();
  if (card.data?.cut) write(words, `Only the first ${sound.seconds.toFixed(0)} s of this sound are here.`);
  sound.ready.then(() => pane.paint.again());
  const acts = soundKeys(player);
  const key = (event) => {
    const name = keyName(event);
    if (!acts[name]) return false;
    if (!(event.repeat && /^(p|Shift\+[AL])$/.test(name))) acts[name]();
    return true;
  };
  const close = () => {
    player.close();
    pane.paint.close();
  };
  return { element: h("div", { class: "spin-medium spin-sound" }, pane.element, tools.element, words), key, close };
};

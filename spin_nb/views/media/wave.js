// A sound as a picture: its waveform to scale above its spectrogram, both over one axis of seconds.

import { bottomAxis, niceTicks, numbersOf, tickWords } from "./drawing.js";
import { gutter, paintLinePlot } from "./line_plot.js";

const WAVE_AXIS = 24; // pixels below
export const FULL_SCALE = 32768; // of 16 bits
const WAVE_SHARE = 0.42; // of the height, for the waveform

/** Samples (of the first channel) and rate of a PCM16 WAV file; null when the bytes are none. */
export function readWav(bytes) {
  if (!bytes || bytes.byteLength < 44) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at) => String.fromCharCode(...[0, 1, 2, 3].map((k) => view.getUint8(at + k)));
  if (word(0) !== "RIFF" || word(8) !== "WAVE") return null;
  let form = null;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const size = Math.min(view.getUint32(at + 4, true), view.byteLength - at - 8); // a stream's header may say "endless"
    const body = at + 8;
    if (word(at) === "fmt " && size >= 16)
      form = { kind: view.getUint16(body, true), channels: view.getUint16(body + 2, true), rate: view.getUint32(body + 4, true), bits: view.getUint16(body + 14, true) };
    if (word(at) === "data") {
      if (!form?.rate || !form.channels || form.bits !== 16 || ![1, 0xfffe].includes(form.kind)) return null;
      const samples = numbersOf(new Uint8Array(view.buffer, view.byteOffset + body, size - (size % 2)), Int16Array);
      const first = form.channels === 1 ? samples : samples.filter((_, i) => i % form.channels === 0);
      return { samples: first, rate: form.rate, seconds: first.length / form.rate };
    }
    at = body + size + (size % 2);
  }
  return null;
}

/** 256 colours from the ground over brand to ink: quiet to loud, in any theme. */
function loudnessColours(inks) {
  const canvas = new OffscreenCanvas(256, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const ramp = context.createLinearGradient(0, 0, 256, 0);
  ramp.addColorStop(0, inks.ground);
  ramp.addColorStop(0.65, inks.brand);
  ramp.addColorStop(1, inks.ink);
  context.fillStyle = ramp;
  context.fillRect(0, 0, 256, 1);
  return context.getImageData(0, 0, 256, 1).data;
}

/** Grey levels of a picture, a byte a pixel. */
export function greys(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return { width: bitmap.width, height: bitmap.height, grey: Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]) };
}

/** The spectrogram in the theme's colours. */
export function tinted({ width, height, grey }, inks) {
  const colours = loudnessColours(inks);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  for (let i = 0; i < grey.length; i++) {
    const colour = 4 * grey[i];
    for (let k = 0; k < 3; k++) picture.data[4 * i + k] = colours[colour + k];
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

/** Frequencies along the spectrogram: a word for each tick, high ones in kHz. */
function paintPitch({ context, inks }, { left, top, bottom, high }) {
  const thousand = high >= 2000;
  const { step, at } = niceTicks(0, high, Math.max(2, (bottom - top) / 28));
  context.textAlign = "right";
  for (const hertz of at) {
    const y = bottom - (hertz / high) * (bottom - top);
    context.fillStyle = inks.line;
    context.fillRect(left - 4, Math.round(y), 4, 1);
    if (y > bottom - 6) continue;
    context.fillStyle = inks.soft;
    const words = thousand ? tickWords(hertz / 1000, step / 1000) : tickWords(hertz, step);
    const unit = hertz === at.at(-1) ? (thousand ? " kHz" : " Hz") : "";
    context.fillText(words + unit, left - 6, Math.max(top + 5, y));
  }
}

/** Waveform, spectrogram and axes of a sound {samples, seconds, spectrum, top}; returns {left, right}. */
export function paintSound(paper, sound) {
  const { context, inks, width, height } = paper;
  const bottom = height - WAVE_AXIS;
  const middle = sound.spectrum ? Math.round(bottom * WAVE_SHARE) : bottom;
  sound.range ??= waveRange(sound.samples);
  const place = { left: Math.max(52, gutter(context, [sound.range], middle)), right: width - 10 };
  if (sound.samples) {
    const all = { numbers: sound.samples, scale: 1 / FULL_SCALE, from: 0, to: Math.max(1, sound.samples.length - 1) };
    paintLinePlot(paper, { ...place, ...all, range: sound.range, top: 5, bottom: middle - 12 });
  }
  if (sound.spectrum) {
    context.imageSmoothingQuality = "high";
    context.drawImage(sound.tint(inks), place.left, middle, place.right - place.left, bottom - middle);
    paintPitch(paper, { left: place.left, top: middle, bottom, high: sound.top });
  }
  bottomAxis(paper, { ...place, y: bottom, low: 0, high: sound.seconds, unit: "s" });
  return place;
}

/** Loudest sample, as a part of full scale, both ways; a silent sound is drawn at full scale. */
export function waveRange(samples) {
  let peak = 0;
  for (const value of samples ?? []) if (value > peak || -value > peak) peak = Math.abs(value);
  const high = peak ? (1.08 * peak) / FULL_SCALE : 1;
  return { low: -high, high };
}

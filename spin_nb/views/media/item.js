// One item on screen. Data is hostile: it becomes pixels or text, never HTML.

import { h } from "../base/dom.js";

export const IMAGES = ["image/png", "image/jpeg"];
export const THUMB = 148; // pixels: twice the longer side of a thumbnail, for sharp screens

/** Find a card's bytes, and decode pictures ahead of time: showing them later is one synchronous drawImage. */
export async function decode(card, buffers = []) {
  card.bytes ??= (card.buffers ?? []).map((at) => buffers[at]);
  await Promise.all((card.parts ?? []).map((part) => decode(part, buffers)));
  if (!card.broken && !card.bitmap && IMAGES.includes(card.mime)) await decodePicture(card);
  card.decoded = true;
}

async function decodePicture(card) {
  try {
    if (!card.bytes[0]) throw new Error("no picture came with the card");
    card.bitmap = await createImageBitmap(new Blob([card.bytes[0]], { type: card.mime }));
  } catch {
    card.broken = "it is no picture that this browser can read.";
  }
}

/** A part as a card of its own. */
export function partCard(card, part) {
  return { ...part, id: card.id, part: part.name };
}

/** Whose bytes are asked for: an item's, or those of one of its parts. */
export const partOf = ({ id, part }) => (part === undefined ? { id } : { id, part });

/** One question at a time, and after it only the latest wish: `want(x)` does `get(x)`; `want(null)` takes the wish back. */
export function oneAtATime(get) {
  let wish = null;
  let busy = false;
  const next = async () => {
    if (busy || wish === null) return;
    const now = wish;
    wish = null;
    busy = true;
    await get(now);
    busy = false;
    next();
  };
  return (newWish) => {
    wish = newWish;
    next();
  };
}

export function release(card) {
  card.bitmap?.close();
  card.bitmap = null;
  for (const part of card.parts ?? []) release(part);
}

/** Keep of pictures what a thumbnail needs; `decode` makes them whole again from their bytes. */
export function shrink(card) {
  const parts = (card.parts ?? []).map(shrink);
  if (card.bitmap) {
    card.thumb = picture(card, "spin-thumb", THUMB);
    card.bitmap.close();
    card.bitmap = null;
  } else if (!parts.includes(true)) return false;
  card.decoded = false;
  card.isSmall = true;
  return true;
}

/** A picture as an element; `most` limits its longer side, in pixels. */
export function picture(card, className, most = Infinity) {
  const source = card.bitmap ?? card.thumb;
  const canvas = h("canvas", { class: className, role: "img", "aria-label": `image ${card.id ?? card.name ?? ""}` });
  const longest = Math.max(source.width, source.height);
  const scale = Math.min(1, most / longest);
  canvas.width = Math.max(1, Math.round(scale * source.width));
  canvas.height = Math.max(1, Math.round(scale * source.height));
  canvas.classList.toggle("spin-pixels", longest <= 128);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function note(text) {
  return h("p", { class: "spin-note" }, text);
}

/** What cannot be shown says why. */
export function brokenNote(card) {
  return note(typeof card.broken === "string" ? `This item cannot be shown: ${card.broken}` : "This item cannot be shown.");
}

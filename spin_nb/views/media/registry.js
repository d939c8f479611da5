// How an item is shown and explored, by what it is: each medium enters itself here.

import { briefly } from "../base/dom.js";
import { brokenNote, note } from "./item.js";

/** How an item is shown and explored, by what it is: (card, kit) => {element, key?, close?}. */
export const MEDIA = {};

/** The medium of a card or a part; a sentence where there is none, it is broken, or it fails: the others go on. */
export function openMedium(card, kit) {
  if (card.broken) return { element: brokenNote(card) };
  if (!Object.hasOwn(MEDIA, card.mime)) return { element: note(`This kind of item is not known here: ${briefly(card.mime, 80) || "it has no name"}.`) };
  try {
    return MEDIA[card.mime](card, kit);
  } catch (error) {
    return { element: brokenNote({ broken: error.message }) };
  }
}

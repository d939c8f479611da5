// What editors with a typed field share: what is typed shows at once, and becomes one step of the draft a moment later.

import { focusLabeller, isSameValue } from "./choices.js";

const TYPING_PAUSE_MS = 400; // milliseconds without typing that end one step

/**
 * The draft behind a `field`. `read()`: the value of what is typed, null where it is none; `show(value)`: write it into
 * the field; `words(value)`: the step in words.
 */
export function fieldDraft(editorApi, { field, read, show, words }) {
  let card;
  let known = null; // the draft as the field last knew it
  let timer = null;
  const drop = () => {
    clearTimeout(timer);
    timer = null;
  };
  const flush = () => {
    if (timer === null) return;
    drop();
    if (editorApi.card !== card || editorApi.readOnly) return;
    known = read();
    if (!isSameValue(editorApi.value, known)) editorApi.edit(known, words(known));
  };
  /** `byPointer`: it is still being dragged; its step ends with `flush`, however long the hand pauses. */
  const touched = (byPointer = false) => {
    clearTimeout(timer);
    timer = byPointer ? 0 : setTimeout(flush, TYPING_PAUSE_MS);
  };
  // Whoever submits in another way (a button, a finger) gets what is shown.
  const early = (event) => {
    const presses = event.key === "Enter" || event.key === " ";
    if (event.type === "pointerdown" || (presses && !event.target.matches("input, textarea"))) flush();
  };
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, early, true);
  const close = () => {
    drop();
    for (const name of ["pointerdown", "keydown"]) document.removeEventListener(name, early, true);
  };
  const draw = () => {
    const other = editorApi.card !== card;
    if (!other && (timer !== null || isSameValue(editorApi.value, known))) return;
    drop();
    card = editorApi.card;
    known = editorApi.value;
    show(known);
  };
  // What is typed and the draft does not say: a step that waits, or what is no label as it stands.
  const unsaved = () => (timer === null && (known !== null || !field.value) ? null : { text: field.value });
  const resume = ({ text }) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };
  return { flush, touched, draw, close, unsaved, resume };
}

/** A key that belongs to the text being typed: it goes no further. True when it was one. */
export function fieldKeeps(event, isText) {
  const composing = event.isComposing || event.keyCode === 229;
  if (!composing && event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    focusLabeller(event.currentTarget);
    return true;
  }
  if (composing || isText(event)) {
    event.stopPropagation();
    return true;
  }
  return false;
}

/** A command typed in a field that has no use for it: the same key, pressed on the labeller. */
export function fieldPass(event) {
  const field = event.currentTarget;
  event.preventDefault();
  event.stopPropagation();
  focusLabeller(field);
  field.closest(".spin-labeller")?.dispatchEvent(new KeyboardEvent("keydown", event));
}

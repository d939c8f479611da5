// What editors with a typed field share: what is typed shows at once, and becomes one step of the draft a moment later.

import { h, write } from "../base/dom.js";
import { character } from "../base/key_events.js";
import { focusLabeller, isSameValue, suggestionLine } from "./choices.js";

const TYPING_PAUSE_MS = 400; // milliseconds without typing that end one step
const ENTER_FIELD = "e"; // the key that goes into a field of text

/**
 * The draft behind a `field`. `read()`: the value of what is typed, null where it is none; `show(value)`: write it into
 * the field; `words(value)`: the step in words.
 */
export function fieldDraft(editorApi, { field, read, show, words }) {
  let card;
  let lastValue = null; // the draft as the field last knew it
  let timer = null;
  const drop = () => {
    clearTimeout(timer);
    timer = null;
  };
  const flush = () => {
    if (timer === null) return;
    drop();
    if (editorApi.card !== card || editorApi.readOnly) return;
    lastValue = read();
    if (!isSameValue(editorApi.value, lastValue)) editorApi.edit(lastValue, words(lastValue));
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
    if (!other && (timer !== null || isSameValue(editorApi.value, lastValue))) return;
    drop();
    card = editorApi.card;
    lastValue = editorApi.value;
    show(lastValue);
  };
  // What is typed and the draft does not say: a step that waits, or what is no label as it stands.
  const unsaved = () => (timer === null && (lastValue !== null || !field.value) ? null : { text: field.value });
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

/**
 * An editor that is one field of text: Ctrl+Enter submits, Escape gives the keys back to the labeller.
 * @param {object} form
 * @param {object} form.properties of the field
 * @param {string} form.label what is written there
 * @param {(typed: string) => {value?: *, problem?: string, hint?: string, note?: string}} form.read the value of what is
 *   typed, or why it is none; `hint`: the same while somebody still types; `note` stands below in any case
 * @param {(value: *) => string} form.write a value as text
 * @param {(value: *) => string} form.words a step of the draft in words
 * @param {Element[]} [form.above] what stands over the field
 */
export function textForm(editorApi, form) {
  const label = `${form.label}; Ctrl+Enter submits, Escape leaves the field`;
  const field = h("textarea", { rows: "4", "aria-label": label, ...form.properties });
  const note = h("span", { class: "spin-soft spin-counter" });
  const problem = h("span", { class: "spin-problem", role: "status" });
  const enter = () => (field === document.activeElement ? "Ctrl+Enter" : "Enter");
  const suggestion = suggestionLine(editorApi, { value: () => form.read(field.value).value, enter });
  const complain = (words) => {
    write(problem, words);
    problem.classList.toggle("spin-wrong", words !== "");
    field.setAttribute("aria-invalid", words !== "");
  };
  const examine = () => {
    const typed = form.read(field.value);
    write(note, typed.note ?? "");
    note.hidden = !typed.note;
    complain(field.value.trim() ? (typed.hint ?? typed.problem ?? "") : "");
  };
  const show = (value) => {
    field.value = form.write(value);
    examine();
  };
  const draft = fieldDraft(editorApi, { field, read: () => form.read(field.value).value ?? null, show, words: form.words });
  const submit = () => {
    draft.flush();
    const words = form.read(field.value).problem ?? "";
    if (!words) return editorApi.submit();
    complain(words);
    return editorApi.warn(words);
  };
  for (const name of ["focus", "blur"]) field.addEventListener(name, () => suggestion.draw());
  field.addEventListener("input", () => {
    examine();
    suggestion.draw();
    draft.touched();
  });
  field.addEventListener("change", draft.flush);
  field.addEventListener("keydown", (event) => {
    const submits = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing;
    fieldKeeps(event, () => true);
    if (!submits) return;
    event.preventDefault();
    if (!event.repeat) submit();
  });
  const draw = () => {
    draft.draw();
    suggestion.draw();
    field.disabled = !editorApi.card || editorApi.readOnly;
  };
  const key = (event) => {
    if (!editorApi.card || editorApi.readOnly || event.isComposing) return false;
    const action = editorApi.meaning(event);
    if (action === "accept") {
      if (!event.repeat) submit();
      return true;
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (action !== null || !plain || character(event) !== ENTER_FIELD) return false;
    field.focus();
    return true;
  };
  const keys = h("span", { class: "spin-soft" }, h("kbd", {}, "Ctrl ⏎"), " submits · ", h("kbd", {}, "Esc"), " to the keys · ", h("kbd", {}, "E"), " back to the text");
  const panel = h("div", { class: "spin-panel" }, ...(form.above ?? []), field, h("div", { class: "spin-line" }, note, problem, suggestion.element, keys));
  return { ...draft, panel, itemPane: () => null, draw, key };
}

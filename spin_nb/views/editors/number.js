// One number for each item: a slider, a typed field and arrow keys, all three the same draft.

import { h, write } from "../base/dom.js";
import { character } from "../base/key_events.js";
import { suggestionLine } from "./choices.js";
import { fieldDraft, fieldKeeps, fieldPass } from "./forms.js";
import { EDITORS } from "./registry.js";

const NUMBER_MOVES = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
const NUMBER_CARET = ["ArrowLeft", "ArrowRight", "Home", "End", "Backspace", "Delete"];

/** A number without the noise of binary fractions. */
function withoutRoundoff(value) {
  return Number(value.toPrecision(15));
}

/** The power of ten, or 2 or 5 times it, that is not above `value`. */
export function numberRound(value) {
  const ten = 10 ** Math.floor(Math.log10(value));
  return withoutRoundoff(ten * ([5, 2, 1].find((each) => each * ten <= value * (1 + 1e-9)) ?? 1));
}

/** What was typed, as a number; null where it is none. A comma is a decimal sign, as in most of the world. */
export function numberParse(text) {
  const plain = text
    .trim()
    .replace(/[٠-٩۰-۹]/g, (digit) => String(digit.codePointAt(0) & 15))
    .replace(/[−–]/g, "-")
    .replace(/[,٫]/g, ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

/** Why a typed text is not a label of this task, in words; "" where it is one. */
export function numberProblem(text, { low, high, unit = "" }) {
  const value = numberParse(text);
  const allowed = `allowed are ${low} to ${high}${unit ? ` ${unit}` : ""}`;
  if (value === null || !Number.isFinite(value)) return `“${text.trim().slice(0, 40)}” is not a number: ${allowed}.`;
  if (value < low || value > high) return `${value} is ${value < low ? "less" : "more"} than ${value < low ? low : high}: ${allowed}.`;
  return "";
}

/** The step nearest to a number, within the range: what the task will store. */
export function numberStepped(value, { low, high, step = null }) {
  if (!step) return value;
  const last = Math.floor((high - low) / step + 1e-9);
  return withoutRoundoff(low + Math.min(last, Math.round((value - low) / step)) * step);
}

/** The number character a key stands for, by position where another script is typed. */
function numberCharacter(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (/^[-−.,٫]$/.test(event.key)) return event.key;
  const typed = character(event);
  return /^\d$/.test(typed) ? typed : null;
}

function numberParts({ low, high, step = null, unit = "" }) {
  const field = h("input", { type: "text", inputmode: "decimal", class: "spin-field", placeholder: "not set", autocomplete: "off", spellcheck: "false" });
  field.setAttribute("aria-label", `number from ${low} to ${high}${unit ? ` ${unit}` : ""}; Enter submits`);
  const fine = step ?? numberRound((high - low) / 1000);
  const slider = h("input", { type: "range", min: low, max: high, step: fine, class: "spin-slider", "aria-label": "number as a slider" });
  const tick = h("i", { class: "spin-tick", title: "suggested", hidden: "" });
  const problem = h("span", { class: "spin-problem", role: "status" });
  const rail = h("div", { class: "spin-rail" }, h("span", { class: "spin-soft" }, String(low)), h("div", { class: "spin-track" }, slider, tick), h("span", { class: "spin-soft" }, String(high)));
  return { field, slider, tick, problem, rail, unit: h("span", { class: "spin-unit" }, unit) };
}

EDITORS.number = (editorApi) => {
  const { spec } = editorApi;
  const { low, high } = spec;
  const coarse = spec.step ?? numberRound((high - low) / 100);
  const parts = numberParts(spec);
  const { field, slider, tick, problem } = parts;
  const read = () => (field.value.trim() && !numberProblem(field.value, spec) ? numberStepped(numberParse(field.value), spec) : null);
  // The thumb's middle stays within the track by half of its 20 pixels.
  const along = (value) => `calc(10px + (100% - 20px) * ${(value - low) / (high - low)})`;
  const place = (value) => {
    slider.toggleAttribute("data-unset", value === null);
    slider.value = value ?? (low + high) / 2;
    slider.setAttribute("aria-valuetext", value === null ? "not set" : `${value} ${spec.unit ?? ""}`.trim());
    slider.style.setProperty("--spin-part", value === null ? "0px" : along(value));
  };
  const complain = () => {
    const words = field.value.trim() ? numberProblem(field.value, spec) : "";
    const value = read();
    const other = value !== null && (field.value.includes(",") || numberParse(field.value) !== value);
    write(problem, other ? `read as ${value}` : words);
    problem.classList.toggle("spin-wrong", words !== "");
    field.setAttribute("aria-invalid", words !== "");
  };
  const show = (value) => {
    field.value = value ?? "";
    if (document.activeElement === field) field.select(); // what is typed next replaces it
    place(value);
    complain();
  };
  const draft = fieldDraft(editorApi, { field, read, show, words: (value) => (value === null ? "no number" : `${value} ${spec.unit ?? ""}`.trim()) });
  const typed = () => {
    place(read());
    complain();
    suggestion.draw();
    draft.touched();
  };
  let isDragged = false; // the slider, by a pointer
  const take = (value) => {
    show(withoutRoundoff(Math.min(high, Math.max(low, value))));
    draft.touched(isDragged);
  };
  const move = (steps) => {
    const from = read();
    if (from === null) return take(low + Math.round((high - low) / 2 / coarse) * coarse);
    return take(numberStepped(Math.min(high, Math.max(low, from + steps * coarse)), spec));
  };
  const insert = (text) => {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    typed();
  };
  const begin = (text) => {
    field.focus();
    field.select();
    insert(text);
  };
  const submit = () => {
    draft.flush();
    const words = field.value.trim() ? numberProblem(field.value, spec) : "No number yet: type one, or move the slider.";
    if (!words) return editorApi.submit();
    write(problem, words);
    problem.classList.add("spin-wrong");
    return editorApi.warn(words);
  };
  field.addEventListener("input", typed);
  field.addEventListener("change", draft.flush);
  field.addEventListener("keydown", (event) => numberFieldKey(event, { editorApi, insert, draft }));
  slider.addEventListener("pointerdown", () => (isDragged = true));
  slider.addEventListener("input", () => take(Number(slider.value)));
  // A slider that is not set stands in the middle: a touch there changes nothing that would be told as "input".
  slider.addEventListener("pointerup", () => slider.hasAttribute("data-unset") && !slider.disabled && take(Number(slider.value)));
  const dropped = () => {
    isDragged = false;
    draft.flush();
  };
  // A drag back to where it began is no "change"; one that ends beside the slider may be no "pointerup" there.
  for (const name of ["change", "pointerup", "pointercancel"]) slider.addEventListener(name, dropped);
  const suggestion = suggestionLine(editorApi, { value: read });
  const draw = () => {
    draft.draw();
    suggestion.draw();
    const suggested = editorApi.card?.suggestion?.value;
    tick.hidden = typeof suggested !== "number" || suggested === editorApi.value;
    if (typeof suggested === "number") tick.style.left = along(suggested);
    for (const each of [field, slider]) each.disabled = !editorApi.card || editorApi.readOnly;
  };
  const key = (event) => numberKey(event, { editorApi, field, move, begin, submit, clear: () => (show(null), draft.touched(), draft.flush()) });
  const hint = h("span", { class: "spin-soft" }, `type it, or arrow keys by ${coarse}, with Shift by ${withoutRoundoff(10 * coarse)}`);
  const panel = h(
    "div",
    { class: "spin-panel spin-number" },
    h("div", { class: "spin-line" }, field, parts.unit, problem, suggestion.element),
    parts.rail,
    h("div", { class: "spin-line" }, hint),
  );
  return { ...draft, actions: ["delete"], panel, itemPane: () => null, draw, key };
};

/** Keys inside the field: what edits the text stays there, a digit of another layout is typed as one, a command acts. */
function numberFieldKey(event, { editorApi, insert, draft }) {
  const command = event.ctrlKey || event.metaKey;
  const text = numberCharacter(event);
  const isText = () => text !== null || (NUMBER_CARET.includes(event.key) && !event.altKey) || (command && /^[acvx]$/.test(event.key));
  if (!fieldKeeps(event, isText)) {
    draft.flush();
    return editorApi.meaning(event) && event.key !== "Enter" ? fieldPass(event) : undefined;
  }
  if (text === null || text === event.key || event.isComposing) return undefined;
  event.preventDefault();
  return insert(text);
}

/** Keys on the rest of the labeller. */
function numberKey(event, { editorApi, field, move, begin, submit, clear }) {
  if (!editorApi.card || editorApi.readOnly || event.isComposing) return false;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && event.key in NUMBER_MOVES) {
    move(NUMBER_MOVES[event.key] * (event.shiftKey && event.key.startsWith("Arrow") ? 10 : 1));
    return true;
  }
  const text = event.target === field ? null : numberCharacter(event);
  if (text !== null) {
    begin(text);
    return true;
  }
  const action = editorApi.meaning(event);
  if (action === "delete") clear();
  else if (action !== "accept") return false;
  else if (!event.repeat) submit();
  return true;
}

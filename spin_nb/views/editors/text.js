// Free text for each item. Inside the field every key is text; Escape gives the keys back to the labeller.

import { h, write } from "../base/dom.js";
import { character } from "../base/key_events.js";
import { suggestionLine } from "./choices.js";
import { fieldDraft, fieldKeeps } from "./forms.js";
import { EDITORS } from "./registry.js";

const TEXT_ENTER = "e"; // goes into the field

/** Length in code points, as the kernel counts it. */
export function textLength(text) {
  let pairs = 0;
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) pairs++;
  }
  return text.length - pairs;
}

/** Why a text is not a label of this task; "" where it is one. */
function textProblem(text, most) {
  const over = textLength(text) - most;
  if (over > 0) return `${over.toLocaleString("en")} too many: at most ${most.toLocaleString("en")} characters.`;
  return text.trim() ? "" : "No text yet: write something, or skip the item.";
}

EDITORS.freetext = (editorApi) => {
  const most = editorApi.spec.max_length ?? 10000;
  const label = `text, at most ${most} characters; Ctrl+Enter submits, Escape leaves the field`;
  const field = h("textarea", { class: "spin-field spin-prose", rows: "4", dir: "auto", "aria-label": label, placeholder: "Write here" });
  const counter = h("span", { class: "spin-soft spin-counter" });
  const problem = h("span", { class: "spin-problem", role: "status" });
  const here = () => field === document.activeElement;
  const said = suggestionLine(editorApi, { value: () => field.value, enter: () => (here() ? "Ctrl+Enter" : "Enter") });
  const read = () => (textProblem(field.value.normalize("NFC"), most) ? null : field.value);
  const complain = (words) => {
    write(problem, words);
    problem.classList.toggle("spin-wrong", words !== "");
    field.setAttribute("aria-invalid", words !== "");
  };
  const count = () => {
    const text = field.value.normalize("NFC");
    write(counter, `${textLength(text).toLocaleString("en")} of ${most.toLocaleString("en")}`);
    complain(text.trim() ? textProblem(text, most) : "");
  };
  const show = (value) => {
    field.value = value ?? "";
    count();
  };
  const draft = fieldDraft(editorApi, { field, read, show, words: (value) => (value === null ? "no text" : "text") });
  const submit = () => {
    draft.flush();
    const words = textProblem(field.value.normalize("NFC"), most);
    if (!words) return editorApi.submit();
    complain(words);
    return editorApi.warn(words);
  };
  for (const name of ["focus", "blur"]) field.addEventListener(name, () => said.draw());
  field.addEventListener("input", () => {
    count();
    said.draw();
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
    said.draw();
    field.disabled = !editorApi.card || editorApi.readOnly;
  };
  const key = (event) => {
    if (!editorApi.card || editorApi.readOnly || event.isComposing) return false;
    const does = editorApi.meaning(event);
    if (does === "accept") {
      if (!event.repeat) submit();
      return true;
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (does !== null || !plain || character(event) !== TEXT_ENTER) return false;
    field.focus();
    return true;
  };
  const hints = h("span", { class: "spin-soft" }, h("kbd", {}, "Ctrl ⏎"), " submits · ", h("kbd", {}, "Esc"), " to the keys · ", h("kbd", {}, "E"), " back to the text");
  const panel = h("div", { class: "spin-panel" }, field, h("div", { class: "spin-line" }, counter, problem, said.element, hints));
  return { ...draft, panel, itemPane: () => null, draw, key };
};

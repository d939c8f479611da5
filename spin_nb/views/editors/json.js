// The editor of a task whose own editor this page does not have: the value, written as JSON.

import { briefly, h } from "../base/dom.js";
import { textForm } from "./forms.js";

const MAX_NAMES_LETTERS = 300; // of all names together

/** A number that this page would change: too large, or of more digits than it can hold. */
function isInexact(value) {
  return typeof value === "number" && (Number.isInteger(value) ? !Number.isSafeInteger(value) : !Number.isFinite(value));
}

/** The value that a JSON text stands for, or why it stands for none. */
export function readJson(text) {
  if (!text.trim()) return { problem: "No value yet: write it as JSON, or skip the item." };
  let inexact = null;
  try {
    const value = JSON.parse(text, (_, part) => {
      if (isInexact(part)) inexact = part;
      return part;
    });
    if (inexact !== null) return { problem: "A number here is too large to be kept exactly: write it as a text, in quotes." };
    return value === null ? { problem: "null stands for no label: write a value, or skip the item." } : { value };
  } catch (error) {
    return { hint: "No JSON yet.", problem: `This is no JSON: ${briefly(error.message, 160)}. Texts need double quotes, as in "crack".` };
  }
}

export function jsonEditor(editorApi) {
  const { editor, names = [] } = editorApi.spec;
  const about = h("span", {}, "This kind of label, ", h("b", { dir: "auto" }, briefly(editor)), ", has no editor of its own here: write it as JSON.");
  const hint = names.length ? h("span", { class: "spin-soft", dir: "auto" }, briefly(`Names: ${names.join(", ")}`, MAX_NAMES_LETTERS)) : null;
  return textForm(editorApi, {
    properties: { class: "spin-field spin-prose spin-code", dir: "ltr", spellcheck: "false", autocapitalize: "off", placeholder: 'JSON: "text", 3, [1, 2], {"key": "value"}' },
    label: "label as JSON",
    read: readJson,
    write: (value) => (value === null ? "" : JSON.stringify(value, null, 2)),
    words: (value) => (value === null ? "no value" : "value"),
    above: [h("div", { class: "spin-line spin-json" }, about, hint)],
  });
}

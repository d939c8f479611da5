// Free text for each item. Inside the field every key is text; Escape gives the keys back to the labeller.

import { textForm } from "./forms.js";
import { EDITORS } from "./registry.js";

/** Length in code points, as the kernel counts it. */
export function textLength(text) {
  let pairs = 0;
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) pairs++;
  }
  return text.length - pairs;
}

EDITORS.freetext = (editorApi) => {
  const most = editorApi.spec.max_length ?? 10000;
  const read = (typed) => {
    const text = typed.normalize("NFC");
    const length = textLength(text);
    const note = `${length.toLocaleString("en")} of ${most.toLocaleString("en")}`;
    if (length > most) return { problem: `${(length - most).toLocaleString("en")} too many: at most ${most.toLocaleString("en")} characters.`, note };
    return text.trim() ? { value: typed, note } : { problem: "No text yet: write something, or skip the item.", note };
  };
  const properties = { class: "spin-field spin-prose", dir: "auto", placeholder: "Write here" };
  const words = (value) => (value === null ? "no text" : "text");
  return textForm(editorApi, { properties, label: `text, at most ${most} characters`, read, write: (value) => value ?? "", words });
};

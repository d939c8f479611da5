// An editor for each task: each enters itself here.

import { jsonEditor } from "./json.js";

/** Editors by the task's word: (editorApi) => {panel, stage(card)?, draw(), key(event)?, close()?}. */
export const EDITORS = {};

/** The editor of a task's word; of a word that nobody entered here, the one that takes any value as JSON. */
export function editorOf(word) {
  return Object.hasOwn(EDITORS, word) ? EDITORS[word] : jsonEditor;
}

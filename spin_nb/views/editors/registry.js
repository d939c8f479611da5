// An editor for each task: each enters itself here.

import { jsonEditor } from "./json.js";

/**
 * What an editor gives the page; all but `panel` and `draw` may be missing.
 * @typedef {object} Editor
 * @property {Element} panel what stands under the item, or beside it
 * @property {() => void} draw after every change of the queue
 * @property {(card: object) => ?{element: Element}} [itemPane] the item as it is edited; null: as its medium shows it
 * @property {(event: KeyboardEvent) => boolean} [key] true where the key was the editor's
 * @property {string[]} [actions] what it knows of "delete", "absent", "next", "previous", "new", "duplicate", "point"
 * @property {(action: string) => boolean} [act] an action by button: true where it was the editor's
 * @property {() => *} [unsaved] what is begun and no step of the draft, or null
 * @property {(unsaved: *) => void} [resume] goes on with that
 * @property {() => ?string} [unfinished] why the draft cannot be submitted yet, or null
 * @property {string} [rootClass] for the style of the whole labeller
 * @property {() => void} [close]
 */

/** Editors by the task's word: (editorApi) => Editor. */
export const EDITORS = {};

/** The editor of a task's word; of a word that nobody entered here, the one that takes any value as JSON. */
export function editorOf(word) {
  return Object.hasOwn(EDITORS, word) ? EDITORS[word] : jsonEditor;
}

// An editor for each task: each enters itself here.

/** Editors by the task's word: (editorApi) => {panel, stage(card)?, draw(), key(event)?, close()?}. */
export const EDITORS = {};

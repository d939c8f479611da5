// How it stands, in words: the status line, and what stands in the place of an item where there is none.

/** Labels that this page keeps until the kernel has them, in words. */
function unsavedWords(count) {
  return ["nothing is waiting to be saved", "1 label kept here"][count] ?? `${count} labels kept here`;
}

/**
 * {tone, words} of the status line: what a person must know first.
 * @param {object} queue
 * @param {boolean} queue.readOnly
 * @param {boolean} queue.gone nothing leaves this page: the kernel was restarted
 * @param {{pending: number, attempt: number, problem: ?string}} queue.outbox
 * @param {Map<string, string>} queue.refusals id -> why its label was not stored
 * @param {?string} queue.notice what else went wrong
 * @param {{isUnsubmitted: boolean}} queue.work there is some that nobody has submitted
 */
export function statusOf({ readOnly, gone, outbox, refusals, notice, work }) {
  const n = outbox.pending;
  if (readOnly) return { tone: "warn", words: "Read-only project: labels cannot be saved" };
  if (gone) return { tone: "bad", words: `Kernel restarted: run this cell again; ${unsavedWords(n)}` };
  if (outbox.problem) return { tone: "bad", words: `${outbox.problem} ${n ? `${unsavedWords(n)}; trying again` : ""}`.trim() };
  const refusal = [...refusals.values()].at(-1);
  if (refusal ?? notice) return { tone: "warn", words: refusal ?? notice };
  if (outbox.attempt > 0 && n) return { tone: "warn", words: `Saving is paused, the kernel does not answer yet; ${unsavedWords(n)}` };
  if (n) return { tone: "busy", words: `Saving ${n}` };
  return { tone: "good", words: work.isUnsubmitted ? "All saved · not submitted yet" : "All saved" };
}

/** Why there is no item on screen. */
export function waitingWords({ readOnly, gone, outbox, supply, whyEmpty }) {
  if (readOnly) return "This project is open read-only: it shows what is labelled, and takes no labels.";
  if (supply.isDry) return whyEmpty || "Nothing left to ask: every item has been decided.";
  if (gone) return "Run this cell again to go on.";
  if (outbox.attempt > 0) return "Choosing the next items is paused until the kernel answers.";
  return supply.isGreeted ? "Choosing the next items…" : "Waiting for the kernel…";
}

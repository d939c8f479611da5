// Every key on screen, and a way to change it: choose an action, then press its new key.

import { h, write } from "../base/dom.js";
import { character, composes, nameShortcuts } from "../base/key_events.js";
import { shortName } from "../editors/choices.js";
import { keyOf, keyProblem } from "../base/keys.js";

const ACTION_WORDS = {
  accept: "Submit, or accept the suggestion",
  skip: "Skip: no opinion",
  unsure: "Unsure: looked, cannot tell",
  flag: "Flag: a bad item",
  no_class: "None of these: it needs a class that is not there",
  add_class: "Add a class",
  undo: "Undo (also Ctrl+Z)",
  redo: "Redo (also Ctrl+Shift+Z)",
  delete: "Delete what is chosen (also Backspace)",
  absent: "Not visible (points)",
  next: "Next shape",
  previous: "Previous shape",
  new: "New shape in the middle, or a point of it",
  duplicate: "Duplicate the shape (also Ctrl+D)",
  point: "Next point of the polygon",
  help: "Show the keys, or hide them",
  full: "Full screen; Esc leaves it",
};
const REVIEW_WORDS = { accept: "Keep the label, or submit another", unsure: "Unsure: take the label back" };
const EDITORS_OWN = ["delete", "absent", "next", "previous", "new", "duplicate", "point"]; // only some editors know them
const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta", "Tab"];

export function helpPanel(labelQueue, editor) {
  const rows = h("div", { class: "spin-keys" });
  const status = h("span", { class: "spin-asks", role: "status" });
  const reset = h("button", { type: "button", onclick: () => bind({}) }, "Keys as they were");
  const element = h("div", { class: "spin-help", hidden: "" }, rows, h("div", { class: "spin-line" }, status, reset));
  const sign = h("kbd");
  const button = h("button", { type: "button", "aria-expanded": "false", onclick: () => open(element.hidden) }, h("span", {}, "Keys"), sign);
  const isUsed = ([action]) => {
    if (action === "no_class") return labelQueue.hasNone;
    if (action === "add_class") return Boolean(labelQueue.spec.names_may_change);
    return !EDITORS_OWN.includes(action) || Boolean(editor.actions?.includes(action));
  };
  const isAbsent = ([action]) => action === "skip" && labelQueue.isReview;
  const wordsOf = { ...ACTION_WORDS, ...(labelQueue.isReview ? REVIEW_WORDS : {}) };
  const actions = Object.entries(wordsOf).filter((entry) => isUsed(entry) && !isAbsent(entry));
  let waiting = null;
  let lastDrawn = "";
  const open = (on) => {
    element.hidden = !on;
    waiting = null;
    button.setAttribute("aria-expanded", String(on));
    draw();
  };
  /** Shown at once; what the kernel refuses goes back to what holds. */
  const bind = async (bindings) => {
    const before = labelQueue.model.get("bindings");
    waiting = null;
    write(status, "");
    labelQueue.model.set("bindings", bindings);
    labelQueue.draw();
    try {
      const [reply] = await labelQueue.channel.ask("bind", { bindings });
      if (!reply.problem) return;
      write(status, `Not changed: ${reply.problem.what} ${reply.problem.do}`);
      labelQueue.model.set("bindings", reply.bindings ?? before);
      labelQueue.draw();
    } catch {
      write(status, "The kernel does not answer: the change holds on this page only.");
    }
  };
  const choose = (name) => {
    waiting = name;
    write(status, "Press the new key; Escape leaves it as it is.");
    draw();
    element.closest(".spin-labeller")?.focus({ preventScroll: true }); // the rows are made anew: the key must be heard
  };
  /** Open, Escape closes it, and the keyboard stays in the labeller. */
  const closes = (event) => {
    if (event.key !== "Escape" || element.hidden || event.isComposing) return false;
    if (element.contains(document.activeElement)) button.focus({ preventScroll: true });
    open(false);
    return true;
  };
  /** True when the key was taken: for the action that waits, or to close the panel. */
  const key = (event) => {
    if (waiting === null) return closes(event);
    if (MODIFIERS.includes(event.key)) return false;
    const pressed = character(event);
    const shortcut = !composes(event) && (event.ctrlKey || event.metaKey || event.altKey);
    if (event.key === "Escape" || shortcut) {
      waiting = null;
      write(status, "");
      draw();
    } else if (keyProblem(pressed)) {
      write(status, keyProblem(pressed));
    } else {
      const others = Object.entries(labelQueue.model.get("bindings")).filter(([name, other]) => other !== pressed && name !== waiting);
      bind({ ...Object.fromEntries(others), [waiting]: pressed });
    }
    return true;
  };
  const row = (name, words, keyLabel) =>
    h(
      "button",
      { type: "button", class: name === waiting ? "spin-waiting" : null, "aria-label": `${words}: key ${keyLabel || "none"}. Choose to change it`, onclick: () => choose(name) },
      h("kbd", {}, name === waiting ? "…" : keyLabel),
      h("span", { class: "spin-word", dir: "auto" }, words),
    );
  const draw = () => {
    const table = labelQueue.table;
    write(sign, keyOf(table, "help"));
    nameShortcuts(button, keyOf(table, "help"));
    if (element.hidden) return;
    const names = labelQueue.spec.names ?? [];
    const lines = [
      ...names.map((name, i) => [`class:${name}`, shortName(name), keyOf(table, `class:${i}`)]),
      ...actions.map(([action, words]) => [action, words, keyOf(table, action)]),
    ];
    const now = JSON.stringify([lines, waiting]);
    if (now === lastDrawn) return;
    lastDrawn = now;
    rows.replaceChildren(...lines.map((line) => row(...line)));
  };
  return { element, button, draw, key, toggle: () => open(element.hidden) };
}

// The labeller on screen. Built once; every change of the queue only rewrites what differs.

import "../media/all.js"; // first: sheets come in the order of the scripts, and editors overrule media
import { h, write } from "../base/dom.js";
import { startAgain } from "../base/restart.js";
import "../editors/all.js";
import { editorOf } from "../editors/registry.js";
import { commands, header, pastStrip } from "./chrome.js";
import { helpPanel } from "./help.js";
import { editorApiOf, itemPane } from "./item_pane.js";
import { actionOf } from "../base/keys.js";
import { newClassPart } from "./new_class.js";
import { LabelQueue } from "./queue.js";
import { fullScreenButton, keepToVisibleHeight } from "./room.js";
import { tellSeen } from "./seen.js";

function act(labelQueue, action) {
  if (action.startsWith("class:") || labelQueue.work.editor?.act?.(action)) return;
  if (action === "accept") labelQueue.decisions.submit();
  else if (action === "undo") labelQueue.decisions.undo();
  else if (action === "redo") labelQueue.decisions.redo();
  else if (["unsure", "flag"].includes(action) || (action === "skip" && !labelQueue.isReview)) labelQueue.decisions.decide(action);
  else if (action === "no_class" && labelQueue.hasNone) labelQueue.decisions.decide("none");
}

const SCROLL = { ArrowDown: 40, ArrowUp: -40, PageDown: 240, PageUp: -240 };

function scrolls(event, frame) {
  if (!(event.key in SCROLL) || frame.scrollHeight <= frame.clientHeight) return false;
  frame.scrollTop += SCROLL[event.key];
  return true;
}

/** Keyboard back to the notebook: to the notebook's own cell if there is one, so that its keys work at once. */
function letGo(event, root) {
  const host = root.parentElement?.closest("[tabindex]");
  if (host) host.focus();
  else event.target.blur();
}

function onKey(event, labelQueue, view) {
  const { root, help, editor, middle, full, newClass } = view;
  const typing = event.target.closest("input, textarea, select");
  const onButton = event.target !== root && event.target.closest("button");
  const used = () => {
    event.preventDefault();
    event.stopPropagation();
  };
  if (help.key(event)) return used();
  if (onButton && !onButton.disabled && (event.key === "Enter" || event.key === " ")) return undefined;
  if (editor.key?.(event)) return used();
  if (typing) {
    if (event.key !== "Escape") return undefined;
    root.focus({ preventScroll: true });
    return used();
  }
  if (middle.key(event) || scrolls(event, middle.frame)) return used();
  if (full.key(event)) return used();
  const action = actionOf(event, labelQueue.table);
  if (!action) return undefined;
  used();
  if (action === "release") return letGo(event, root);
  if (event.repeat) return undefined; // a key held down would label unseen items
  const open = { help: help.toggle, full: full.toggle, add_class: newClass.open }[action];
  return open ? open() : act(labelQueue, action);
}

function announce(labelQueue, live) {
  const next = labelQueue.current ? ` Next: ${labelQueue.current.id}.` : "";
  write(live, labelQueue.announcement && labelQueue.announcement + next);
}

const NOUNS = ["bindings", "n_items", "read_only", "why_empty"];

function render(labelQueue, el) {
  const root = h("section", {
    class: "spin-view spin-labeller",
    tabindex: "0",
    role: "application",
    "aria-label": "Labeller",
    "data-lm-suppress-shortcuts": "true",
  });
  // After a click the keys go on working; a button reached with Tab keeps the focus.
  const back = (event) => event.detail > 0 && root.focus({ preventScroll: true });
  const editorApi = editorApiOf(labelQueue);
  const editor = editorOf(labelQueue.spec.editor)(editorApi);
  labelQueue.work.editor = editor;
  if (editor.rootClass) root.classList.add(editor.rootClass);
  const middle = itemPane(labelQueue, editorApi, editor);
  const help = helpPanel(labelQueue, editor);
  const bar = commands(labelQueue, back, act, help.button);
  const full = fullScreenButton(labelQueue);
  const newClass = newClassPart(labelQueue);
  const parts = [header(labelQueue, full), middle, { element: h("div", { class: "spin-editor" }, editor.panel), draw: () => editor.draw() }, newClass, bar, help, pastStrip(labelQueue, back)];
  const live = h("div", { class: "spin-sr", "aria-live": "polite" });
  const hint = h("p", { class: "spin-hint" });
  root.append(...parts.map((part) => part.element), hint, live);
  const focusHint = () => {
    hint.classList.toggle("spin-why", labelQueue.why !== "");
    const escape = document.fullscreenElement === root ? "Esc leaves the full screen" : "Esc gives the keyboard back";
    write(hint, labelQueue.why || (root.contains(document.activeElement) ? escape : "Click or Tab here to label with the keyboard"));
  };
  const draw = () => {
    for (const part of parts) part.draw();
    root.dataset.pending = labelQueue.outbox.pending;
    announce(labelQueue, live);
    focusHint();
    tellSeen(labelQueue);
  };
  root.addEventListener("keydown", (event) => onKey(event, labelQueue, { root, help, editor, middle, full, newClass }));
  root.addEventListener("focusin", () => {
    labelQueue.work.editor = editor;
    focusHint();
  });
  root.addEventListener("focusout", () => setTimeout(focusHint));
  root.addEventListener("click", (event) => event.target.closest(".spin-editor, .spin-frame") && !event.target.closest("input, textarea, select") && back(event));
  const follow = () => draw();
  for (const trait of NOUNS) labelQueue.model.on(`change:${trait}`, follow);
  labelQueue.listeners.add(draw);
  el.append(root);
  const freely = keepToVisibleHeight(root);
  root.addEventListener("fullscreenchange", draw);
  labelQueue.opened();
  labelQueue.draw();
  return () => {
    labelQueue.work.leave(editor);
    labelQueue.views -= 1;
    labelQueue.listeners.delete(draw);
    for (const trait of NOUNS) labelQueue.model.off(`change:${trait}`, follow);
    freely();
    middle.close();
    editor.close?.();
    root.remove();
  };
}

/** On screen as long as the classes are the same: where they change it is built anew, and keeps the keyboard. */
function renderFor(labelQueue, el) {
  let close = render(labelQueue, el);
  const renew = () => {
    const hasFocus = el.contains(document.activeElement);
    close();
    close = render(labelQueue, el);
    if (hasFocus) el.querySelector(".spin-labeller").focus({ preventScroll: true });
  };
  labelQueue.model.on("change:spec", renew);
  return () => {
    labelQueue.model.off("change:spec", renew);
    close();
  };
}

export default () => {
  let labelQueue;
  return {
    initialize({ model }) {
      startAgain({ model });
      labelQueue = new LabelQueue(model);
      return () => labelQueue.close();
    },
    render: ({ el }) => renderFor(labelQueue, el),
  };
};

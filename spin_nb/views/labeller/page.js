// The labeller on screen. Built once; every change of the desk only rewrites what differs.

import "../media/all.js"; // first: sheets come in the order of the scripts, and editors overrule media
import { h, write } from "../base/dom.js";
import { startAgain } from "../base/restart.js";
import "../editors/all.js";
import { EDITORS } from "../editors/registry.js";
import { Desk } from "./desk.js";
import { helpPanel } from "./help.js";
import { actionOf } from "./keys.js";
import { commands, header, pastStrip } from "./parts.js";
import { roomFull, roomKeeper } from "./room.js";
import { tellSeen } from "./seen.js";
import { benchOf, stage } from "./stage.js";

function act(desk, does) {
  if (does.startsWith("class:") || desk.editor?.act?.(does)) return;
  if (does === "accept") desk.submit();
  else if (does === "undo") desk.undo();
  else if (does === "redo") desk.redo();
  else if (["skip", "unsure", "flag"].includes(does)) desk.decide(does);
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

function onKey(event, desk, view) {
  const { root, help, editor, middle, full } = view;
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
  const does = actionOf(event, desk.table);
  if (!does) return undefined;
  used();
  if (does === "release") return letGo(event, root);
  if (does === "help" && !event.repeat) return help.toggle();
  if (does === "full" && !event.repeat) return full.toggle();
  // A key held down would label unseen items.
  return event.repeat ? undefined : act(desk, does);
}

function announce(desk, live) {
  const next = desk.current ? ` Next: ${desk.current.id}.` : "";
  write(live, desk.said && desk.said + next);
}

const NOUNS = ["spec", "bindings", "n_items", "read_only"];

function render(desk, el) {
  const root = h("section", {
    class: "spin-view spin-labeller",
    tabindex: "0",
    role: "application",
    "aria-label": "Labeller",
    "data-lm-suppress-shortcuts": "true",
    "data-editor": desk.spec.editor,
  });
  // After a click the keys go on working; a button reached with Tab keeps the focus.
  const back = (event) => event.detail > 0 && root.focus({ preventScroll: true });
  const bench = benchOf(desk);
  const editor = EDITORS[desk.spec.editor](bench);
  desk.editor = editor;
  const middle = stage(desk, bench, editor);
  const help = helpPanel(desk);
  const bar = commands(desk, back, act, help.button);
  const full = roomFull(desk);
  const parts = [header(desk, full), middle, { element: h("div", { class: "spin-editor" }, editor.panel), draw: () => editor.draw() }, bar, help, pastStrip(desk, back)];
  const live = h("div", { class: "spin-sr", "aria-live": "polite" });
  const hint = h("p", { class: "spin-hint" });
  root.append(...parts.map((part) => part.element), hint, live);
  const focusHint = () => {
    hint.classList.toggle("spin-why", desk.why !== "");
    const escape = document.fullscreenElement === root ? "Esc leaves the full screen" : "Esc gives the keyboard back";
    write(hint, desk.why || (root.contains(document.activeElement) ? escape : "Click or Tab here to label with the keyboard"));
  };
  const draw = () => {
    for (const part of parts) part.draw();
    root.dataset.pending = desk.outbox.pending;
    announce(desk, live);
    focusHint();
    tellSeen(desk);
  };
  root.addEventListener("keydown", (event) => onKey(event, desk, { root, help, editor, middle, full }));
  root.addEventListener("focusin", () => {
    desk.editor = editor;
    focusHint();
  });
  root.addEventListener("focusout", () => setTimeout(focusHint));
  root.addEventListener("click", (event) => event.target.closest(".spin-editor, .spin-frame") && !event.target.closest("input, textarea, select") && back(event));
  const follow = () => draw();
  for (const trait of NOUNS) desk.model.on(`change:${trait}`, follow);
  desk.listeners.add(draw);
  el.append(root);
  const freely = roomKeeper(root);
  root.addEventListener("fullscreenchange", draw);
  desk.opened();
  desk.draw();
  return () => {
    desk.leave(editor);
    desk.views -= 1;
    desk.listeners.delete(draw);
    for (const trait of NOUNS) desk.model.off(`change:${trait}`, follow);
    freely();
    middle.close();
    editor.close?.();
    root.remove();
  };
}

export default () => {
  let desk;
  return {
    initialize({ model }) {
      startAgain({ model });
      desk = new Desk(model);
      return () => desk.close();
    },
    render: ({ el }) => render(desk, el),
  };
};

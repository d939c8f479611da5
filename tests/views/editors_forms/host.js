// The desk as an editor sees it, and the labeller's own keys as far as editors meet them.

import { h } from "../../../spin_nb/views/base/dom.js";
import "../../../spin_nb/views/editors/all.js";
import { CLASS_COLOURS, matchingEntries, percentWords } from "../../../spin_nb/views/editors/choices.js";
import { numberParse, numberProblem, numberRound, numberStepped } from "../../../spin_nb/views/editors/number.js";
import { editorOf } from "../../../spin_nb/views/editors/registry.js";
import { spanSorted } from "../../../spin_nb/views/editors/spans.js";
import { spanLanes, spanPieces, spanPoint, spanStep, spanTrimmed, spanUnit, spanWord } from "../../../spin_nb/views/editors/spans_text.js";
import { textLength } from "../../../spin_nb/views/editors/text.js";
import { actionOf, keyOf, keyProblem, keyTable } from "../../../spin_nb/views/base/keys.js";
import "../../../spin_nb/views/media/all.js";
import { large } from "../../../spin_nb/views/media/thumbnail.js";

window.open_ = (spec, cards, bindings = {}) => {
  const lists = { queue: [...cards], steps: [], submitted: [], messages: [], acted: [] };
  const state = { ...lists, card: null, value: null, readOnly: false };
  const table = () => keyTable(spec.names ?? [], bindings, state.card?.likeliest);
  const next = () => {
    state.card = state.queue.shift() ?? null;
    const stored = state.card?.kind === "label" ? state.card.value : undefined;
    state.value = [stored, state.card?.suggestion?.value, spec.empty, null].find((value) => value !== undefined);
    state.steps = [];
    show();
  };
  const editorApi = {
    spec,
    kit: { ask: () => new Promise(() => {}), say: (words) => state.messages.push(words), draw: () => draw() },
    get card() { return state.card; },
    get value() { return state.value; },
    get touched() { return state.steps.length > 0; },
    get readOnly() { return state.readOnly; },
    edit(value, words) { state.steps.push([state.value, words]); state.value = value; draw(); },
    submit() { editorApi.decide(state.value); },
    decide(value) { state.submitted.push([state.card.id, value]); next(); },
    say: (words) => state.messages.push(words),
    warn: (words) => state.messages.push(words),
    key: (action) => keyOf(table(), action),
    meaning: (event) => actionOf(event, table()),
  };
  const editor = editorOf(spec.editor)(editorApi);
  const frame = h("div", { class: "spin-frame" });
  const properties = { class: "spin-view spin-labeller", tabindex: "0", role: "application", "aria-label": "Labeller" };
  const root = h("section", properties, frame, editor.panel ?? "");
  let pane = null;
  const draw = () => editor.draw();
  const show = () => {
    pane?.close?.();
    pane = state.card && (editor.itemPane(state.card) ?? { element: large(state.card) });
    frame.replaceChildren(pane?.element ?? "");
    draw();
  };
  root.addEventListener("keydown", (event) => {
    const onButton = event.target !== root && event.target.closest("button");
    if (onButton && (event.key === "Enter" || event.key === " ")) return;
    const action = editor.key(event) ? "editor" : (actionOf(event, table()) ?? null);
    if (action !== "editor" && event.target.closest("input, textarea")) return;
    if (action === null) return;
    event.preventDefault();
    if (action === "editor") return;
    state.acted.push(action);
    if (!state.card) return;
    if (action === "accept" && state.value !== null) editorApi.submit();
    else if (action === "undo" && state.steps.length) { state.value = state.steps.pop()[0]; draw(); }
    else if (action === "release") root.blur();
  });
  document.body.replaceChildren(root);
  window.state = Object.assign(state, { editorApi, editor, root, next, draw });
  next();
  root.focus();
};
window.spin = {
  CLASS_COLOURS, percentWords, matchingEntries, numberParse, numberProblem, numberRound, numberStepped, textLength,
  keyProblem, meaning: (init, names = [], bindings = {}) => actionOf(new KeyboardEvent("keydown", init), keyTable(names, bindings)),
  spanPieces, spanPoint, spanUnit, spanTrimmed, spanWord, spanStep, spanSorted, spanLanes,
};
// Where a unit of the marked text is on screen.
window.placeOf = (at) => {
  const texts = document.createTreeWalker(document.querySelector(".spin-marked"), NodeFilter.SHOW_TEXT);
  let before = 0;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (node.parentElement.closest(".spin-tag")) continue;
    if (at < before + node.length) {
      const range = document.createRange();
      range.setStart(node, at - before);
      range.setEnd(node, at - before + 1);
      const { left, top, width, height } = range.getBoundingClientRect();
      return { left, top, width, height };
    }
    before += node.length;
  }
};
// The text that is marked, and for each run how many underlines it has and at how many heights.
window.markedText = () => [...document.querySelectorAll(".spin-run")].map((run) => run.textContent).join("");
window.underlines = () =>
  [...document.querySelectorAll(".spin-run")].map((run) => {
    const places = getComputedStyle(run).backgroundPosition.split(", ");
    return [run.textContent, places.length, new Set(places).size];
  });
window.wholeText = () =>
  [...document.querySelectorAll(".spin-piece")]
    .flatMap((piece) => [...piece.childNodes])
    .filter((node) => !node.matches?.(".spin-tag"))
    .map((node) => node.textContent)
    .join("");
// Whether units and code points are inverse to one another, at every 97th character.
window.inverse = (text) => {
  const pieces = window.spin.spanPieces(text);
  const whole = pieces.map(({ from, to }) => text.slice(from, to)).join("") === text;
  let point = 0;
  for (let at = 0; at < text.length; point++) {
    const same = () => window.spin.spanUnit(text, pieces, point) === at && window.spin.spanPoint(text, pieces, at) === point;
    if (point % 97 === 0 && !same()) return `wrong at ${at}`;
    at += text.codePointAt(at) > 0xffff ? 2 : 1;
  }
  return [whole, pieces.length > 5, window.spin.spanPoint(text, pieces, text.length)];
};

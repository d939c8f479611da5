// An editor alone on a page: the real draft and keys, no kernel.

import { h } from "../../../spin_nb/views/base/dom.js";
import "../../../spin_nb/views/editors/all.js";
import { EDITORS } from "../../../spin_nb/views/editors/registry.js";
import { Draft } from "../../../spin_nb/views/labeller/draft.js";
import { actionOf, keyOf, keyTable } from "../../../spin_nb/views/base/keys.js";
import "../../../spin_nb/views/media/all.js";
import { MEDIA } from "../../../spin_nb/views/media/registry.js";

const draft = new Draft();
const messages = [];
async function start({ spec, picture, editor: word, beside, ...card }, readOnly) {
  window.desk?.close();
  const about = { tabindex: "0", role: "application", "aria-label": "Labeller" };
  const root = h("section", { class: "spin-view spin-labeller", ...about });
  const frame = root.appendChild(h("div", { class: "spin-frame" }));
  document.body.replaceChildren(root);
  const bytes = Uint8Array.from(atob(picture), (c) => c.charCodeAt(0));
  card.bitmap = await createImageBitmap(new Blob([bytes], { type: card.mime }));
  if (beside.length) {
    const { mime, size, bitmap } = card;
    const photo = { name: "photo", mime, size, bitmap };
    Object.assign(card, { mime: "multipart/mixed", bitmap: null, parts: [beside[0], photo, ...beside.slice(1)] });
  }
  let bindings = {};
  const table = () => keyTable(spec.names, bindings);
  const editorApi = {
    spec, card, readOnly, submitted: [],
    kit: window.kernel ? { ask: window.kernel } : {},
    get value() { return draft.value; },
    edit(value, words) { draft.edit(value, words); messages.push(words); editor?.draw(); },
    submit() { editorApi.submitted.push(draft.value); },
    say: (words) => messages.push(words),
    warn: (words) => messages.push(words),
    bind: (keys) => { bindings = keys; editor.draw(); },
    key: (action) => keyOf(table(), action),
    meaning: (event) => actionOf(event, table()),
  };
  draft.begin(card, spec);
  const editor = EDITORS[word]?.(editorApi) ?? null;
  const pane = editor?.itemPane(card) ?? MEDIA[card.mime](card, editorApi.kit);
  frame.append(pane.element);
  if (editor) root.append(editor.panel);
  editor?.draw();
  root.addEventListener("keydown", (event) => {
    const onButton = event.target.closest("button");
    if (onButton && (event.key === "Enter" || event.key === " ")) return;
    if (editor?.key(event) || pane.key(event)) return event.preventDefault();
    const action = editorApi.meaning(event);
    if (action === "undo") draft.back();
    if (action === "redo") draft.again();
    if (action === "accept") editorApi.submit();
    editor?.draw();
  });
  root.focus();
  const close = () => { pane.close(); editor?.close(); };
  window.desk = { editorApi, draft, editor, pane, messages, close };
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}
window.start = start;
// The pixel of the original under a place on the page, as the picture's drawing says.
window.toImage = (clientX, clientY) => {
  const { left, top } = document.querySelector(".spin-viewport-view").getBoundingClientRect();
  const [x, y] = window.desk.pane.toView([0, 0]);
  return [clientX - left - x, clientY - top - y].map((length) => length / window.desk.pane.scale);
};

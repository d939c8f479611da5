// Every key on screen, and a way to change it: choose an action, then press its new key.

const ACTION_WORDS = {
  accept: "Submit, or accept the suggestion",
  skip: "Skip: no opinion",
  unsure: "Unsure: looked, cannot tell",
  flag: "Flag: a bad item",
  undo: "Undo (also Ctrl+Z)",
  redo: "Redo (also Ctrl+Shift+Z)",
  delete: "Delete what is selected",
  absent: "Not visible (points)",
  next: "Next shape",
  previous: "Previous shape",
};
const MODIFIERS = ["Shift", "Control", "Alt", "Meta", "Tab"];

function helpPanel(desk) {
  const rows = h("div", { class: "spin-keys" });
  const said = h("span", { class: "spin-asks", role: "status" });
  const reset = h("button", { type: "button", onclick: () => bind({}) }, "Keys as they were");
  const element = h("div", { class: "spin-help", hidden: "" }, rows, h("div", { class: "spin-line" }, said, reset));
  const button = h("button", { type: "button", "aria-expanded": "false", onclick: () => open(element.hidden) }, "Keys");
  let waiting = null;
  let drawn = "";
  const open = (on) => {
    element.hidden = !on;
    waiting = null;
    button.setAttribute("aria-expanded", String(on));
    draw();
  };
  const bind = (bindings) => {
    desk.model.set("bindings", bindings);
    try {
      desk.model.save_changes();
    } catch {
      write(said, "The kernel is gone: the change holds on this page only.");
    }
    waiting = null;
    desk.draw();
  };
  const choose = (name) => {
    waiting = name;
    write(said, "Press the new key; Escape leaves it as it is.");
    draw();
    element.closest(".spin-labeller")?.focus({ preventScroll: true }); // the rows are made anew: the key must be heard
  };
  /** True when the key was taken for the action that waits. */
  const key = (event) => {
    if (waiting === null || MODIFIERS.includes(event.key)) return false;
    const pressed = character(event);
    if (event.key === "Escape" || event.ctrlKey || event.metaKey || event.altKey) {
      waiting = null;
      write(said, "");
      draw();
    } else {
      const others = Object.entries(desk.model.get("bindings")).filter(([name, other]) => other !== pressed && name !== waiting);
      write(said, "");
      bind({ ...Object.fromEntries(others), [waiting]: pressed });
    }
    return true;
  };
  const row = (name, words, shown) =>
    h(
      "button",
      { type: "button", class: name === waiting ? "spin-waiting" : null, "aria-label": `${words}: key ${shown || "none"}. Choose to change it`, onclick: () => choose(name) },
      h("kbd", {}, name === waiting ? "…" : shown),
      h("span", { class: "spin-word", dir: "auto" }, words),
    );
  const draw = () => {
    if (element.hidden) return;
    const table = desk.table;
    const names = (desk.spec.names ?? []).slice(0, 40);
    const lines = [
      ...names.map((name, i) => [`class:${name}`, choiceName(name), keyOf(table, `class:${i}`)]),
      ...Object.entries(ACTION_WORDS).map(([action, words]) => [action, words, keyOf(table, action)]),
    ];
    const now = JSON.stringify([lines, waiting]);
    if (now === drawn) return;
    drawn = now;
    rows.replaceChildren(...lines.map((line) => row(...line)));
  };
  return { element, button, draw, key };
}

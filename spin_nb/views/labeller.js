// The labeller on screen. Built once; every change of the desk only rewrites what differs.

const COMMAND_BUTTONS = [
  ["skip", "Skip", "Space"],
  ["unsure", "Unsure", "?"],
  ["flag", "Flag", "F"],
  ["undo", "Undo", "U"],
  ["redo", "Redo", "Y"],
];
const STRIP = 8;

function act(desk, { does, index }) {
  if (does === "label") desk.label(index);
  else if (does === "accept") desk.accept();
  else if (does === "undo") desk.undo();
  else if (does === "redo") desk.redo();
  else desk.decide(does);
}

function header(desk) {
  const count = h("span", { class: "spin-count" });
  const rate = h("span", { class: "spin-rate" });
  const status = h("span", { class: "spin-status" });
  const bar = h("div", { class: "spin-bar", role: "progressbar", "aria-label": "labelled", "aria-valuemin": "0" }, h("i"));
  const element = h("header", {}, h("div", { class: "spin-line" }, count, rate, status), bar);
  const draw = () => {
    const items = desk.model.get("n_items");
    const labelled = desk.nLabels;
    write(count, `${labelled.toLocaleString("en")} of ${items.toLocaleString("en")} labelled`);
    write(rate, desk.counts.per_minute >= 0.5 ? `${Math.round(desk.counts.per_minute).toLocaleString("en")} a minute` : "");
    const { tone, words } = desk.status;
    write(status, words);
    status.dataset.tone = tone;
    status.setAttribute("aria-live", tone === "warn" || tone === "bad" ? "polite" : "off");
    bar.firstChild.style.width = `${(100 * labelled) / Math.max(1, items)}%`;
    bar.setAttribute("aria-valuemax", items);
    bar.setAttribute("aria-valuenow", labelled);
  };
  return { element, draw };
}

function waitingWords(desk) {
  if (desk.readOnly) return "This project is open read-only: it shows what is labelled, and takes no labels.";
  if (desk.dry) return "Nothing left to ask: every item has been decided.";
  if (desk.gone) return "Run this cell again to go on.";
  return desk.greeted ? "Choosing the next items…" : "Waiting for the kernel…";
}

function stage(desk) {
  const frame = h("div", { class: "spin-frame" });
  const name = h("span", { class: "spin-name" });
  const state = h("span", { class: "spin-was" });
  const element = h("div", { class: "spin-stage" }, frame, h("div", { class: "spin-caption" }, name, state));
  let drawn;
  const draw = () => {
    const card = desk.current;
    const what = card ? (card.bitmap ?? card.broken ?? card) : waitingWords(desk);
    if (what !== drawn) {
      drawn = what;
      frame.replaceChildren(card ? large(card) : h("p", { class: "spin-note" }, what));
      frame.scrollTop = 0;
    }
    write(name, card?.id ?? "");
    const was = card?.state;
    write(state, was ? (was.kind === "label" ? `now: ${was.value}` : RESULT[was.kind] ?? was.kind) : "");
  };
  return { element, draw, frame };
}

function classButton(desk, name, key, index, back) {
  const chance = h("span", { class: "spin-chance" });
  const bar = h("i", { class: "spin-fill" });
  const shown = key ? key.toUpperCase() : "";
  const element = h(
    "button",
    {
      type: "button",
      class: "spin-class",
      title: name,
      "aria-keyshortcuts": shown || null,
      onclick: (event) => {
        desk.label(index);
        back(event);
      },
    },
    bar,
    h("kbd", {}, shown),
    h("span", { class: "spin-word", dir: "auto" }, name),
    chance,
  );
  const draw = () => {
    const card = desk.current;
    const p = card?.suggestion?.class === index ? card.suggestion.p : null;
    element.classList.toggle("spin-suggested", p !== null);
    element.classList.toggle("spin-chosen", card?.state?.kind === "label" && card.state.value === name);
    bar.style.width = `${100 * (p ?? 0)}%`;
    write(chance, p === null ? "" : `${Math.round(100 * p)} % ⏎`);
    element.setAttribute("aria-label", p === null ? name : `${name}, suggested, ${Math.round(100 * p)} percent, Enter accepts`);
    element.disabled = !card || desk.readOnly;
  };
  return { element, draw };
}

function classButtons(desk, back) {
  const element = h("div", { class: "spin-classes", role: "group", "aria-label": "classes" });
  let buttons = [];
  let built;
  const draw = () => {
    if (built !== desk.classes) {
      built = desk.classes;
      const keys = classKeys(built);
      const longest = Math.max(...built.map((name) => name.length));
      element.style.setProperty("--spin-column", `${Math.min(340, Math.max(148, 110 + 7 * longest))}px`);
      buttons = built.map((name, i) => classButton(desk, name, keys[i], i, back));
      element.replaceChildren(...buttons.map((button) => button.element));
    }
    for (const button of buttons) button.draw();
  };
  return { element, draw };
}

function commands(desk, back) {
  const click = (does) => (event) => {
    act(desk, { does });
    back(event);
  };
  const buttons = COMMAND_BUTTONS.map(([does, word, key]) =>
    h("button", { type: "button", "aria-keyshortcuts": key, onclick: click(does) }, word, h("kbd", {}, key)),
  );
  const draw = () => {
    const free = { undo: desk.done.length > 0, redo: desk.undone.length > 0 };
    COMMAND_BUTTONS.forEach(([does], i) => {
      buttons[i].disabled = desk.readOnly || !(free[does] ?? desk.current !== null);
    });
  };
  return { element: h("div", { class: "spin-commands", role: "group", "aria-label": "commands" }, ...buttons), draw };
}

function strip(desk, back) {
  const element = h("div", { class: "spin-strip", role: "group", "aria-label": "last decided; choose one to change it" });
  let drawn = "";
  const chip = (card) => {
    const words = card.state.kind === "label" ? card.state.value : (RESULT[card.state.kind] ?? card.state.kind);
    const show = (event) => {
      desk.bring(card);
      desk.say(`Showing ${card.id} again.`);
      back(event);
    };
    return h(
      "button",
      { type: "button", title: `${card.id}: ${words}. Show it again`, "aria-label": `${card.id}, ${words}. Show it again`, onclick: show },
      small(card),
      h("span", { class: "spin-word", dir: "auto" }, words),
    );
  };
  const draw = () => {
    const cards = desk.recent(STRIP).filter((card) => card !== desk.current);
    const now = JSON.stringify(cards.map((card) => [card.id, card.state, Boolean(card.bitmap)]));
    if (now === drawn) return;
    drawn = now;
    element.replaceChildren(...cards.map(chip));
  };
  return { element, draw };
}

const SCROLL = { ArrowDown: 40, ArrowUp: -40, PageDown: 240, PageUp: -240 };

function onKey(event, desk, root, frame) {
  const onButton = event.target !== root && event.target.closest("button");
  if (onButton && (event.key === "Enter" || event.key === " ")) return;
  if (event.key in SCROLL && frame.scrollHeight > frame.clientHeight) {
    frame.scrollTop += SCROLL[event.key];
    event.preventDefault();
    return;
  }
  const found = meaning(event, classKeys(desk.classes));
  if (!found) return;
  event.preventDefault();
  event.stopPropagation();
  if (found.does === "release") {
    // To the notebook's own cell if there is one, so that its keys work at once.
    const host = root.parentElement?.closest("[tabindex]");
    if (host) host.focus();
    else event.target.blur();
    return;
  }
  // A key held down would label unseen items.
  if (!event.repeat) act(desk, found);
}

function render(desk, el) {
  const root = h("section", {
    class: "spin-view spin-labeller",
    tabindex: "0",
    role: "application",
    "aria-label": "Labeller: one key labels the item shown",
    "data-lm-suppress-shortcuts": "true",
  });
  // After a click the keys go on working; a button reached with Tab keeps the focus.
  const back = (event) => event.detail > 0 && root.focus({ preventScroll: true });
  const top = header(desk);
  const middle = stage(desk);
  const parts = [top, middle, classButtons(desk, back), commands(desk, back), strip(desk, back)];
  const live = h("div", { class: "spin-sr", "aria-live": "polite" });
  const hint = h("p", { class: "spin-hint" });
  root.append(...parts.map((part) => part.element), hint, live);
  const draw = () => {
    for (const part of parts) part.draw();
    root.dataset.pending = desk.outbox.pending;
    const next = desk.current ? ` Next: ${desk.current.id}.` : "";
    write(live, desk.said && desk.said + next);
  };
  const focusHint = () =>
    write(hint, root.contains(document.activeElement) ? "Esc gives the keyboard back" : "Click or Tab here to label with the keyboard");
  root.addEventListener("keydown", (event) => onKey(event, desk, root, middle.frame));
  root.addEventListener("focusin", focusHint);
  root.addEventListener("focusout", () => setTimeout(focusHint));
  const follow = () => draw();
  for (const trait of ["classes", "n_items", "read_only"]) desk.model.on(`change:${trait}`, follow);
  desk.listeners.add(draw);
  el.append(root);
  desk.opened();
  focusHint();
  draw();
  return () => {
    desk.views -= 1;
    desk.listeners.delete(draw);
    for (const trait of ["classes", "n_items", "read_only"]) desk.model.off(`change:${trait}`, follow);
    root.remove();
  };
}

export default () => {
  let desk;
  return {
    initialize({ model }) {
      desk = new Desk(model);
      return () => desk.close();
    },
    render: ({ el }) => render(desk, el),
  };
};

// What editors with classes share: a grid of buttons with key, name and probability, and a filter when there are many.

// The same as on the map, in the same order: the first six are Okabe and Ito's. A name always stands beside them.
const CHOICE_COLOURS = [
  ..."#0072b2 #e69f00 #009e73 #cc79a7 #56b4e9 #d55e00 #7a4343 #857aff".split(" "),
  ..."#7ac890 #bc0b85 #2c43bc #a64e21 #f4596f #00646f #e916de #ff7ad3".split(" "),
  ..."#a6000b #ff9b6f #3785d3 #85169b #f46f37 #de0ba6 #7a9bff #2c00ff".split(" "),
];

function choiceColour(index) {
  return CHOICE_COLOURS[index % CHOICE_COLOURS.length];
}

/** The keys of the labeller work on: after a click (a button reached with Tab keeps the focus), or from a field. */
function choiceHome(element) {
  element.closest(".spin-labeller")?.focus({ preventScroll: true });
}

function choiceSame(a, b) {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** A probability in percent, never rounded to certainty. */
function choicePercent(p) {
  if (p < 0.01) return "< 1 %";
  return p > 0.99 && p < 1 ? "> 99 %" : `${Math.round(100 * p)} %`;
}

/** How sure a suggestion is; of a number, what that means. Nothing where nobody said. */
function choiceSure(p, { within, unit }) {
  if (p === null || p === undefined) return "";
  return within ? `: ${choicePercent(p)} that it is right within ± ${within}${unit ? ` ${unit}` : ""}` : `, ${choicePercent(p)} sure`;
}

/** A name as it is shown: one of a million characters must not fill the page. */
function choiceName(name) {
  return briefly(name, 200);
}

/** Which class a key event means, or null. */
function choiceIndex(bench, event) {
  const found = /^class:(\d+)$/.exec(bench.meaning(event) ?? "");
  return found ? Number(found[1]) : null;
}

/** One entry for each class: its key may be bound anew while the page is open. */
function choiceEntries(bench, names) {
  return names.map((name, index) => ({ name, index, key: () => bench.key(`class:${index}`) }));
}

function choiceWords({ name }, { suggested, p, enter }) {
  const sure = (p ?? null) === null ? "" : `, ${choicePercent(p).replace("%", "percent")}`;
  return `${choiceName(name)}${suggested ? `, suggested${sure}` : ""}${enter ? ", Enter accepts" : ""}`;
}

function choiceButton(bench, entry, { pick, mark, toggles = false, colours = false }) {
  const parts = { bar: h("i", { class: "spin-fill" }), key: h("kbd"), chance: h("span", { class: "spin-chance" }) };
  const swatch = colours ? h("i", { class: "spin-swatch" }) : null;
  if (swatch) swatch.style.background = choiceColour(entry.index);
  const onclick = (event) => {
    if (!doubled(event, bench.card)) pick(entry);
    if (event.detail > 0) choiceHome(event.currentTarget);
  };
  const word = h("span", { class: "spin-word", dir: "auto" }, choiceName(entry.name));
  const properties = { type: "button", class: "spin-class", title: choiceName(entry.name), onclick };
  const element = h("button", properties, parts.bar, parts.key, swatch, word, parts.chance);
  let drawn;
  const draw = () => {
    const found = { chosen: false, suggested: false, p: null, enter: false, ...(bench.card ? mark(entry) : {}) };
    const key = entry.key() ?? "";
    const off = !bench.card || bench.readOnly;
    const now = JSON.stringify([found, key, off]);
    if (now === drawn) return;
    drawn = now;
    choiceDraw(element, parts, entry, found, toggles);
    write(parts.key, key);
    nameShortcuts(element, key);
    element.disabled = off;
  };
  return { entry, element, draw };
}

function choiceDraw(element, { bar, chance }, entry, found, toggles) {
  const { chosen, suggested, p, enter } = found;
  element.classList.toggle("spin-suggested", suggested);
  element.classList.toggle("spin-chosen", chosen);
  if (toggles) element.setAttribute("aria-pressed", chosen);
  bar.style.width = `${100 * (p ?? 0)}%`;
  const sure = p === null ? (suggested ? "suggested" : "") : choicePercent(p);
  write(chance, `${sure}${enter ? " ⏎" : ""}`.trim());
  element.setAttribute("aria-label", choiceWords(entry, found));
}

/** Letters compared as people type them: no case, no accents, no underscores. */
function choicePlain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[\s_.-]+/g, " ").trim();
}

/** The entries that hold every word of `query`. */
function choiceMatches(entries, query) {
  const words = choicePlain(query).split(" ");
  return entries.filter(({ name }) => words.every((word) => choicePlain(name).includes(word)));
}

/** A field that narrows the entries down, where there are more of them than keys; else null. */
function choiceFilter(bench, entries, { pick, narrowed }) {
  if (entries.length <= DIGITS.length + LETTERS.length) return null;
  const count = h("span", { class: "spin-soft", "aria-live": "polite" });
  const field = h("input", {
    type: "search",
    class: "spin-field",
    "aria-label": `filter ${entries.length} classes; Enter takes the only one left`,
    placeholder: `Filter ${entries.length} classes`,
    autocomplete: "off",
    spellcheck: "false",
  });
  const left = () => choiceMatches(entries, field.value);
  const show = () => {
    const found = left();
    narrowed(new Set(found));
    write(count, field.value.trim() ? (found.length === 1 ? `${choiceName(found[0].name)}: Enter takes it` : `${found.length} match`) : "");
  };
  const take = () => {
    const found = left();
    const one = found.length === 1 ? found[0] : entries.find(({ name }) => choicePlain(name) === choicePlain(field.value));
    if (!one) return bench.say(found.length ? `${found.length} classes match: type more.` : "No class has these words.");
    field.value = "";
    show();
    return pick(one);
  };
  const onkeydown = (event) => {
    const typed = field.value.trim() !== "";
    const command = !event.isComposing && (event.key === "Enter" || event.ctrlKey || event.metaKey);
    if (!typed && command) return; // nothing of this field: the labeller's
    event.stopPropagation();
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    if (event.key === "Enter") return void (event.repeat || take());
    field.value = "";
    show();
    choiceHome(field);
  };
  field.addEventListener("input", show);
  field.addEventListener("keydown", onkeydown);
  /** "/" goes to the field. */
  const key = (event) => {
    const plain = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.isComposing) return false;
    event.preventDefault();
    field.focus();
    return true;
  };
  const element = h("div", { class: "spin-filter" }, h("kbd", {}, "/"), field, count);
  return { element, key };
}

/**
 * The grid. `entries`: [{name, index, key()}]; `pick(entry)`; `mark(entry)` -> {chosen, suggested, p, enter}: what the
 * button shows; `toggles`: buttons stay pressed; `colours`: a swatch each.
 */
function choiceGrid(bench, { entries, pick, mark, label = "classes", toggles, colours }) {
  const buttons = entries.map((entry) => choiceButton(bench, entry, { pick, mark, toggles, colours }));
  const grid = h("div", { class: "spin-classes", role: "group", "aria-label": label }, ...buttons.map(({ element }) => element));
  const longest = Math.max(...entries.map(({ name }) => name.length));
  grid.style.setProperty("--spin-column", `${Math.min(340, Math.max(148, 110 + 7 * longest))}px`);
  const narrowed = (found) => buttons.forEach(({ entry, element }) => (element.hidden = !found.has(entry)));
  const filter = choiceFilter(bench, entries, { pick, narrowed });
  let shown;
  const draw = () => {
    for (const button of buttons) button.draw();
    if (!filter || shown === bench.card) return;
    shown = bench.card;
    const first = buttons.find(({ element }) => element.matches(".spin-suggested, .spin-chosen"))?.element;
    const [box, button] = [grid, first].map((each) => each?.getBoundingClientRect());
    grid.scrollTop += first ? button.top + button.height / 2 - box.top - box.height / 2 : -grid.scrollTop;
  };
  const key = (event) => filter?.key(event) ?? false;
  return { element: filter ? h("div", {}, filter.element, grid) : grid, draw, key };
}

/** One line that says whether what is there is what was suggested; `enter()` is the key that takes it now. */
function choiceSuggestion(bench, { value = () => bench.value, enter = () => "Enter" } = {}) {
  const element = h("span", { class: "spin-suggestion" });
  const draw = () => {
    const said = bench.card?.suggestion;
    const same = said && choiceSame(said.value, value());
    element.classList.toggle("spin-same", Boolean(same));
    const words = same ? `Suggested${choiceSure(said.p, bench.spec)} · ${enter()} accepts` : "Changed from what was suggested";
    write(element, said ? words : "");
  };
  return { element, draw };
}

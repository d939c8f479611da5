// What editors with classes share: a grid of buttons with key, name and probability, and a filter when there are many.

import { briefly, h, write } from "../base/dom.js";
import { DIGITS, doubled, LETTERS, nameShortcuts } from "../base/key_events.js";

// The same as on the map, in the same order: the first six are Okabe and Ito's. A name always stands beside them.
export const CLASS_COLOURS = [
  ..."#0072b2 #e69f00 #009e73 #cc79a7 #56b4e9 #d55e00 #7a4343 #857aff".split(" "),
  ..."#7ac890 #bc0b85 #2c43bc #a64e21 #f4596f #00646f #e916de #ff7ad3".split(" "),
  ..."#a6000b #ff9b6f #3785d3 #85169b #f46f37 #de0ba6 #7a9bff #2c00ff".split(" "),
];

export function classColour(index) {
  return CLASS_COLOURS[index % CLASS_COLOURS.length];
}

/** The keys of the labeller work on: after a click (a button reached with Tab keeps the focus), or from a field. */
export function focusLabeller(element) {
  element.closest(".spin-labeller")?.focus({ preventScroll: true });
}

export function isSameValue(a, b) {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** A probability in percent, never rounded to certainty. */
export function percentWords(p) {
  if (p < 0.01) return "< 1 %";
  return p > 0.99 && p < 1 ? "> 99 %" : `${Math.round(100 * p)} %`;
}

/** How sure a suggestion is; of a number, what that means. Nothing where nobody said. */
export function confidenceWords(p, { within, unit }) {
  if (p === null || p === undefined) return "";
  return within ? `: ${percentWords(p)} that it is right within ± ${within}${unit ? ` ${unit}` : ""}` : `, ${percentWords(p)} sure`;
}

/** A name as it is shown: one of a million characters must not fill the page. */
export function shortName(name) {
  return briefly(name, 200);
}

/** A name that may be broken after its underscores; its text stays the same. */
function breakableName(name) {
  return name.split(/(?<=[_./-])/).flatMap((part, i) => (i ? [h("wbr"), part] : [part]));
}

/** Which class a key event means, or null. */
export function classIndex(editorApi, event) {
  const match = /^class:(\d+)$/.exec(editorApi.meaning(event) ?? "");
  return match ? Number(match[1]) : null;
}

/** One entry for each class: its key may be bound anew while the page is open. */
export function classEntries(editorApi, names) {
  return names.map((name, index) => ({ name, index, key: () => editorApi.key(`class:${index}`) }));
}

function classAriaLabel({ name }, { suggested, p, enter }) {
  const sure = (p ?? null) === null ? "" : `, ${percentWords(p).replace("%", "percent")}`;
  return `${shortName(name)}${suggested ? `, suggested${sure}` : ""}${enter ? ", Enter accepts" : ""}`;
}

function classButton(editorApi, entry, { pick, mark, toggles = false, colours = false }) {
  const parts = { bar: h("i", { class: "spin-fill" }), key: h("kbd"), chance: h("span", { class: "spin-chance" }) };
  const swatch = colours ? h("i", { class: "spin-swatch" }) : null;
  if (swatch) swatch.style.background = classColour(entry.index);
  const onclick = (event) => {
    if (!doubled(event, editorApi.card)) pick(entry);
    if (event.detail > 0) focusLabeller(event.currentTarget);
  };
  const word = h("span", { class: "spin-word", dir: "auto" }, ...breakableName(shortName(entry.name)));
  const properties = { type: "button", class: "spin-class", title: shortName(entry.name), onclick };
  const element = h("button", properties, parts.bar, parts.key, swatch, word, parts.chance);
  let lastDrawn;
  const draw = () => {
    const state = { chosen: false, suggested: false, p: null, enter: false, ...(editorApi.card ? mark(entry) : {}) };
    const key = entry.key() ?? "";
    const off = !editorApi.card || editorApi.readOnly;
    const now = JSON.stringify([state, key, off]);
    if (now === lastDrawn) return;
    lastDrawn = now;
    drawClassButton(element, parts, entry, state, toggles);
    write(parts.key, key);
    nameShortcuts(element, key);
    element.disabled = off;
  };
  return { entry, element, draw };
}

function drawClassButton(element, { bar, chance }, entry, state, toggles) {
  const { chosen, suggested, p, enter } = state;
  element.classList.toggle("spin-suggested", suggested);
  element.classList.toggle("spin-chosen", chosen);
  if (toggles) element.setAttribute("aria-pressed", chosen);
  bar.style.width = `${100 * (p ?? 0)}%`;
  const sure = p === null ? (suggested ? "suggested" : "") : percentWords(p);
  write(chance, `${sure}${enter ? " ⏎" : ""}`.trim());
  element.setAttribute("aria-label", classAriaLabel(entry, state));
}

/** Letters compared as people type them: no case, no accents, no underscores. */
function plainWords(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[\s_.-]+/g, " ").trim();
}

/** How well a plain name fits plain words that it holds: 0 is the name itself, then its beginning, beginnings of words. */
function matchRank(name, query, words) {
  if (name === query) return 0;
  if (name.startsWith(query)) return 1;
  const begins = (word) => name.startsWith(word) || name.includes(` ${word}`);
  return words.every(begins) ? 2 : 3;
}

/** The entries that hold every word of `query`, the best first; among equals those of `likeliest`, then the first. */
export function matchingEntries(entries, query, likeliest = []) {
  const plain = plainWords(query);
  const words = plain.split(" ");
  const ranks = new Map(likeliest.map(([name], rank) => [name, rank]));
  const ranked = [];
  for (const entry of entries) {
    const name = plainWords(entry.name);
    if (words.every((word) => name.includes(word))) ranked.push([matchRank(name, plain, words), ranks.get(entry.name) ?? Infinity, entry]);
  }
  const order = ([fit, rank], [other, least]) => fit - other || (rank === least ? 0 : rank - least);
  return (plain ? ranked.sort(order) : ranked).map(([, , entry]) => entry);
}

/** Of one card: the classes that are likeliest, or given most often, on keys that change with it. */
export function likeliestButtons(editorApi, entries, { pick, mark }) {
  const element = h("div", { class: "spin-likeliest", role: "group", hidden: "" });
  let [lastLikeliest, buttons] = [null, []];
  const renew = (likeliest) => {
    lastLikeliest = likeliest;
    element.hidden = !likeliest.length;
    element.setAttribute("aria-label", likeliest.some(([, p]) => p !== null) ? "likeliest classes" : "classes given most often");
    buttons = likeliest.flatMap(([name, p]) => {
      const entry = entries.find((each) => each.name === name);
      return entry ? [classButton(editorApi, entry, { pick, mark: (each) => ({ ...mark(each), p }) })] : [];
    });
    const hadFocus = element.contains(document.activeElement);
    element.replaceChildren(...buttons.map((button) => button.element));
    if (hadFocus) buttons[0]?.element.focus();
  };
  const draw = () => {
    const likeliest = editorApi.card?.likeliest ?? [];
    if (likeliest !== lastLikeliest) renew(likeliest);
    for (const button of buttons) button.draw();
  };
  return { element, draw };
}

/** Scroll the list, and nothing else, until one of its children is whole in it. */
function revealChild(list, child) {
  const { offsetTop: top, offsetHeight: height } = child;
  list.scrollTop = Math.min(top, Math.max(list.scrollTop, top + height - list.clientHeight));
}

/** The children that match, the best first and at the top of the list; all in their places where nothing is looked for. */
function narrowList(list, entries, elements, matches) {
  const of = new Map(entries.map((entry, i) => [entry, elements[i]]));
  const some = new Set(matches);
  for (const [entry, element] of of) element.hidden = !some.has(entry);
  list.append(...matches.map((entry) => of.get(entry)));
  list.scrollTop = 0;
}

/** A field that narrows the entries down, where there are more of them than keys; else null. */
export function classFilter(editorApi, entries, { pick, list, elements }) {
  if (entries.length <= DIGITS.length + LETTERS.length) return null;
  const count = h("span", { class: "spin-soft", "aria-live": "polite" });
  const field = h("input", {
    type: "search",
    class: "spin-field",
    "aria-label": `filter ${entries.length} classes; the arrows walk through the matches, Enter takes the one that is marked`,
    placeholder: `Filter ${entries.length} classes`,
    autocomplete: "off",
    spellcheck: "false",
  });
  let [matches, at] = [entries, -1]; // the matches, and which of them is marked
  const aim = (index) => {
    elements[entries.indexOf(matches[at])]?.classList.remove("spin-aimed");
    at = index;
    const element = elements[entries.indexOf(matches[at])];
    element?.classList.add("spin-aimed");
    if (element) revealChild(list, element);
    const place = matches.length === 1 ? "" : ` (${at + 1} of ${matches.length}, ↑ ↓)`;
    if (element) write(count, `Enter: ${shortName(matches[at].name)}${place}`);
    else write(count, field.value.trim() ? "No class has these words" : "");
  };
  const show = () => {
    aim(-1);
    matches = matchingEntries(entries, field.value, editorApi.card?.likeliest);
    narrowList(list, entries, elements, matches);
    aim(field.value.trim() && matches.length ? 0 : -1);
  };
  const clear = () => {
    if (!field.value && at < 0) return;
    field.value = "";
    show();
  };
  const take = () => {
    const one = matches[at];
    if (!one) return void editorApi.warn("No class has these words.");
    clear();
    focusLabeller(field); // the next "/" is a key again
    pick(one);
  };
  const onkeydown = (event) => {
    const isOurs = field.value.trim() !== "" || at >= 0;
    const command = !event.isComposing && (event.key === "Enter" || event.ctrlKey || event.metaKey);
    if (!isOurs && command) return; // nothing of this field: the labeller's
    event.stopPropagation();
    const walks = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || !(walks || event.key === "Enter" || event.key === "Escape")) return;
    event.preventDefault();
    if (event.key === "Enter") return void (event.repeat || take());
    if (walks) return void (matches.length && aim(at < 0 && walks < 0 ? matches.length - 1 : (at + walks + matches.length) % matches.length));
    clear();
    focusLabeller(field);
  };
  field.addEventListener("input", show);
  field.addEventListener("keydown", onkeydown);
  /** "/" goes to the field. */
  const key = (event) => {
    const plain = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.isComposing) return false;
    event.preventDefault();
    field.focus();
    field.select();
    return true;
  };
  const element = h("div", { class: "spin-filter" }, h("kbd", {}, "/"), field, count);
  return { element, key, clear };
}

/**
 * The grid. `entries`: [{name, index, key()}]; `pick(entry)`; `mark(entry)` -> {chosen, suggested, p, enter}: what the
 * button shows; `toggles`: buttons stay pressed; `colours`: a swatch each.
 */
export function classGrid(editorApi, { entries, pick, mark, label = "classes", toggles, colours }) {
  const buttons = entries.map((entry) => classButton(editorApi, entry, { pick, mark, toggles, colours }));
  const grid = h("div", { class: "spin-classes", role: "group", "aria-label": label }, ...buttons.map(({ element }) => element));
  const longest = Math.max(...entries.map(({ name }) => name.length));
  grid.style.setProperty("--spin-column", `${Math.min(340, Math.max(148, 110 + 7 * longest))}px`);
  const filter = classFilter(editorApi, entries, { pick, list: grid, elements: buttons.map(({ element }) => element) });
  let lastCard;
  const draw = () => {
    for (const button of buttons) button.draw();
    if (!filter || lastCard === editorApi.card) return;
    lastCard = editorApi.card;
    filter.clear();
    const first = buttons.find(({ element }) => element.matches(".spin-suggested, .spin-chosen"))?.element;
    const [box, button] = [grid, first].map((each) => each?.getBoundingClientRect());
    grid.scrollTop += first ? button.top + button.height / 2 - box.top - box.height / 2 : -grid.scrollTop;
  };
  const key = (event) => filter?.key(event) ?? false;
  return { element: filter ? h("div", { class: "spin-filtered" }, filter.element, grid) : grid, draw, key };
}

/** One line that says whether what is there is what was suggested; `enter()` is the key that takes it now. */
export function suggestionLine(editorApi, { value = () => editorApi.value, enter = () => "Enter" } = {}) {
  const element = h("span", { class: "spin-suggestion" });
  const draw = () => {
    const suggestion = editorApi.card?.suggestion;
    const same = suggestion && isSameValue(suggestion.value, value());
    element.classList.toggle("spin-same", Boolean(same));
    const words = same ? `Suggested${confidenceWords(suggestion.p, editorApi.spec)} · ${enter()} accepts` : "Changed from what was suggested";
    write(element, suggestion ? words : "");
  };
  return { element, draw };
}

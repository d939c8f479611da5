// The line of controls: how it is sorted, how large tiles are, what a decision is about, and the decisions.

import { briefly, h, write } from "../base/dom.js";
import { nameShortcuts } from "../base/key_events.js";
import { keyOf } from "../base/keys.js";
import { randomId } from "../base/random_id.js";

const TILES = [["small", "S"], ["medium", "M"], ["large", "L"]];
export const SCOPES = ["marked", "others", "all"];

function sortChooser(model, sort) {
  const select = h("select", { "aria-label": "sort by", class: "spin-grid-sort" });
  const turn = h("button", { type: "button", class: "spin-grid-turn", onclick: () => sort(model.get("sorted_by"), !model.get("descending")) });
  const again = h("button", { type: "button", title: "Sort again, by what is known now", "aria-label": "sort again", onclick: () => sort(model.get("sorted_by"), model.get("descending")) }, "↻");
  select.addEventListener("change", () => sort(select.value, null));
  const draw = () => {
    const groups = Map.groupBy ? Map.groupBy(model.get("choices"), ({ group }) => group) : grouped(model.get("choices"));
    select.replaceChildren(...[...groups].flatMap(([group, choices]) => {
      const options = choices.map(({ word, title }) => h("option", { value: word }, briefly(title, 80)));
      return group ? [h("optgroup", { label: group }, ...options)] : options;
    }));
    select.value = model.get("sorted_by");
    const isDown = model.get("descending");
    write(turn, isDown ? "↓" : "↑");
    turn.setAttribute("aria-label", isDown ? "highest first; turn round" : "lowest first; turn round");
    turn.title = isDown ? "Highest first" : "Lowest first";
    again.hidden = model.get("sorted_by") === "pool";
  };
  return { element: h("label", { class: "spin-grid-choose" }, "Sort by ", select, turn, again), draw };
}

function grouped(choices) {
  const groups = new Map();
  for (const choice of choices) groups.set(choice.group, [...(groups.get(choice.group) ?? []), choice]);
  return groups;
}

function sizeButtons(model) {
  const buttons = TILES.map(([name, letter]) => {
    const click = () => {
      model.set("tile", name);
      model.save_changes();
    };
    return h("button", { type: "button", "aria-label": `${name} tiles`, title: `${name} tiles`, onclick: click }, letter);
  });
  const draw = () => TILES.forEach(([name], i) => buttons[i].setAttribute("aria-pressed", String(model.get("tile") === name)));
  return { element: h("div", { class: "spin-grid-group", role: "group", "aria-label": "size of the tiles" }, ...buttons), draw };
}

function scopeButtons(state) {
  const words = { marked: "marked", others: "all but marked", all: "all" };
  const buttons = SCOPES.map((scope) => h("button", { type: "button", onclick: () => state.choose(scope) }));
  const draw = () => {
    SCOPES.forEach((scope, i) => {
      write(buttons[i], `${words[scope]} (${state.count(scope).toLocaleString("en")})`);
      buttons[i].setAttribute("aria-pressed", String(state.scope === scope));
    });
  };
  const group = h("div", { class: "spin-grid-group", role: "group", "aria-label": "what a decision is about", title: "/ goes to the next" }, ...buttons);
  return { element: h("div", { class: "spin-grid-scope" }, "Decide on ", group), draw };
}

function button(label, action, state, ...more) {
  const keyed = h("kbd");
  const element = h("button", { type: "button", "data-action": action, onclick: () => state.act(action) }, ...more, h("bdi", {}, label), keyed);
  const draw = () => {
    const key = keyOf(state.table(), action);
    write(keyed, key);
    keyed.hidden = !key;
    nameShortcuts(element, key);
    element.disabled = state.isIdle(action);
  };
  return { element, draw };
}

function decisions(model, state) {
  const { names, colours } = model.get("spec");
  const classes = names.map((name, i) => {
    const swatch = h("span", { class: "spin-tile-swatch" });
    swatch.style.background = colours[i];
    return button(briefly(name, 40), `class:${i}`, state, swatch);
  });
  const commands = [["Skip", "skip"], ["Flag", "flag"], ["Undo", "undo"], ["Redo", "redo"], ["Select on map", "select"], ["Mark none", "none"]].map(([label, action]) => button(label, action, state));
  const none = h("span", { class: "spin-hint" }, "Labels for many at once need classes; here items can be skipped and flagged.");
  const element = h("div", { class: "spin-grid-decisions" }, h("div", { class: "spin-grid-classes", role: "group", "aria-label": "label as" }, ...(names.length ? classes.map((each) => each.element) : [none])), h("div", { class: "spin-grid-commands" }, ...commands.map((each) => each.element)));
  return { element, draw: () => [...classes, ...commands].forEach((each) => each.draw()) };
}

/** A field for a tag, with those that items have as suggestions. */
function tagForm(model, state, tag) {
  const names = h("datalist", { id: `spin-${randomId()}` });
  const field = h("input", { type: "text", list: names.id, maxlength: "100", placeholder: "tag  (#)", "aria-label": "tag of the items decided on", "aria-keyshortcuts": "#", spellcheck: "false", autocomplete: "off" });
  const take = h("button", { type: "button", onclick: () => tag("untag", field.value) }, "Untag");
  const give = h("button", { type: "submit" }, "Tag");
  const submit = (event) => {
    event.preventDefault();
    tag("tag", field.value);
  };
  const element = h("form", { class: "spin-grid-tags", onsubmit: submit }, field, names, give, take);
  const draw = () => {
    const isIdle = model.get("read_only") || state.count(state.scope) === 0;
    give.disabled = take.disabled = isIdle;
    names.replaceChildren(...model.get("tag_names").map((value) => h("option", { value })));
  };
  return { element, draw, focus: () => field.focus() };
}

/** The controls; `draw()` follows the model and the marks. */
export function controls(model, state, tag, sort) {
  const title = h("div", { class: "spin-title", role: "status" });
  const parts = [sortChooser(model, sort), sizeButtons(model), scopeButtons(state), decisions(model, state), tagForm(model, state, tag)];
  const back = h("button", { type: "button", class: "spin-grid-back", "aria-keyshortcuts": "-", onclick: () => state.act("back") });
  const [sorting, tiles, scope, decided, tags] = parts.map((part) => part.element);
  const element = h("div", { class: "spin-grid-bar" }, h("div", { class: "spin-grid-line" }, back, title, sorting, tiles), scope, decided, tags);
  const draw = () => {
    write(title, model.get("title"));
    write(back, `← Back to ${model.get("behind")}`);
    back.hidden = !model.get("behind");
    parts.forEach((part) => part.draw());
  };
  return { element, draw, toTags: parts.at(-1).focus };
}

// The grid on screen: controls, tiles, and the item under the pointer or the focus.

import { channel } from "../base/channel.js";
import { briefly, h, write } from "../base/dom.js";
import { character, composes } from "../base/key_events.js";
import { randomId } from "../base/random_id.js";
import { startAgain } from "../base/restart.js";
import { actionOf, keyTable } from "../base/keys.js";
import { numbersOf } from "../media/drawing.js";
import { decode, oneAtATime, release } from "../media/item.js";
import { itemCard } from "../media/item_card.js";
import { controls, SCOPES } from "./bar.js";
import { listKey, newAnchor, pointerMarks } from "./gestures.js";
import { newMarks, scopeOf } from "./marks.js";
import { tileList } from "./tiles.js";

const PATIENCE = 600000; // milliseconds: a gesture on a million items, behind a busy cell
const MANY = 20000; // items; to decide on more takes a second press
const HINT = "Point at an item to see it larger. Click marks, Shift + click marks a run, a drag marks all it touches. ≈ shows more like it.";
const GRID_KEYS = { "=": "similar", "-": "back", "#": "tags" };
const NO_ITEMS = "There is nothing to show here.";

/** A key with Ctrl, Meta or Alt, unless that is how this keyboard types its character. */
const isChord = (event) => (event.ctrlKey || event.metaKey || event.altKey) && !composes(event);

/** The item under the pointer: the latest wins, whatever order the answers come in. */
function itemPanel(ask, version, moreLike) {
  const element = h("aside", { class: "spin-card spin-grid-item", tabindex: "0", "aria-label": "the item looked at" }, h("div", { class: "spin-hint" }, HINT));
  let last = null;
  let place = null;
  const want = oneAtATime(async (at) => {
    try {
      const [answer, buffers] = await ask("look", { version: version(), at });
      if (answer.problem) return;
      await decode(answer.card, buffers);
      if (last) release(last);
      last = answer.card;
      const more = h("button", { type: "button", class: "spin-more", "aria-keyshortcuts": "=", "aria-label": `more like ${briefly(last.id, 80)}`, onclick: () => moreLike(at) }, "More like this (=)");
      element.replaceChildren(...itemCard(last).filter(Boolean), more);
    } catch {
      // The next item looked at asks again.
    }
  });
  const look = (at) => {
    place = at;
    want(at);
  };
  return { element, look, again: () => place !== null && want(place), forget: () => (place = null) };
}

let lastTable = {}; // the one made last: every button asks for it

/** The labeller's keys, but for Space, which marks here. */
function tableWithoutSpace(table) {
  if (lastTable.labeller !== table) lastTable = { labeller: table, grid: new Map([...table].filter(([key]) => key !== " ")) };
  return lastTable.grid;
}

/** What the person is about to decide on, and whether it can be. */
function newState(model, marks, act) {
  let choice = null;
  return {
    get scope() {
      return choice ?? (model.get("is_whole_pool") ? "marked" : "others");
    },
    choose(scope) {
      choice = scope;
      act("draw");
    },
    forget: () => (choice = null),
    next() {
      this.choose(SCOPES[(SCOPES.indexOf(this.scope) + 1) % SCOPES.length]);
    },
    count: (scope) => ({ marked: marks.count, others: marks.size - marks.count, all: marks.size })[scope],
    table: () => tableWithoutSpace(keyTable(model.get("spec").names, model.get("bindings"))),
    act,
    isIdle(action) {
      if (action === "select" || action === "none") return marks.count === 0;
      return model.get("read_only") || (!["undo", "redo"].includes(action) && this.count(this.scope) === 0);
    },
  };
}

/** Keyboard back to the notebook, so that its keys work at once. */
function letGo(root) {
  const host = root.parentElement?.closest("[tabindex]");
  if (host) host.focus();
  else document.activeElement?.blur();
}

function render({ model, el }) {
  const talk = channel(model, (message) => message.push === "changed" && follow());
  const ask = (verb, fields, patience) => talk.ask(verb, fields, patience);
  const marks = newMarks();
  const anchor = newAnchor(marks);
  const notice = h("div", { class: "spin-grid-notice", role: "status" });
  const say = (words, isBad = false) => {
    write(notice, words);
    notice.classList.toggle("spin-grid-problem", isBad);
  };
  const problem = ({ what, do: remedy }) => say(`${what} ${remedy}`, true);
  const list = tileList({ ask, marks, spec: model.get("spec"), uid: `spin-${randomId()}`, onProblem: problem });
  const item = itemPanel(ask, () => list.version, (at) => moreLike(at));
  const empty = h("div", { class: "spin-waiting" }, "Loading the items …");
  const state = newState(model, marks, (action) => act(action));
  const tag = async (kind, words) => {
    const { ranges, n } = scopeOf(marks, state.scope);
    if (model.get("read_only")) return say("This project is open read-only: nothing can be saved.", true);
    if (!n || !words.trim()) return say(n ? "Write the tag first." : "Nothing is marked.");
    await question("tag", { version: list.version, ranges, kind, tag: words }, `Storing ${n.toLocaleString("en")} …`);
    return follow();
  };
  const bar = controls(model, state, tag, (by, descending) => question("sort", { by, descending }));
  const stage = h("div", { class: "spin-grid-stage" }, list.element, empty);
  const root = h("section", { class: "spin-view spin-grid", "aria-label": "Grid", "data-lm-suppress-shortcuts": "true" }, bar.element, notice, h("div", { class: "spin-grid-main" }, stage, item.element));
  let armed = "";
  let isBusy = false;

  const draw = () => {
    bar.draw();
    list.drawMarks();
    root.dataset.marked = marks.count;
  };
  const follow = () => {
    list.refresh();
    item.again();
  };
  /** Ask, and say what came of it. */
  async function question(verb, fields, words = "") {
    if (words) say(words);
    try {
      const [answer] = await ask(verb, fields, PATIENCE);
      if (answer.problem) problem(answer.problem);
      else if (answer.notice) say(answer.notice);
      return answer;
    } catch (error) {
      problem(error.gone ? { what: "The kernel was restarted.", do: "Run this cell again." } : { what: "The kernel has not answered.", do: "Look whether a cell is running." });
      return null;
    }
  }
  async function decide(kind, value) {
    const { ranges, n } = scopeOf(marks, state.scope);
    const gesture = `${kind} ${value ?? ""} ${n}`;
    if (n > MANY && armed !== gesture) {
      armed = gesture;
      return say(`That is ${n.toLocaleString("en")} items. Press again to decide on all of them.`);
    }
    armed = "";
    if (!n) return say("Nothing is marked.");
    isBusy = true;
    const answer = await question("decide", { version: list.version, ranges, kind, value }, `Storing ${n.toLocaleString("en")} …`);
    isBusy = false;
    if (answer?.n) marks.clear();
    draw();
    return follow();
  }
  const moreLike = (at) => question("similar", { version: list.version, at });
  function act(action) {
    if (action === "draw") return draw();
    if (action === "similar") return moreLike(list.focus);
    if (action === "tags") return bar.toTags();
    if (action === "back") return question("back", {});
    if (action === "none") {
      marks.clear();
      return draw();
    }
    if (action === "select") return question("select", { version: list.version, ranges: marks.ranges() });
    if (model.get("read_only")) return say("This project is open read-only: nothing can be saved.", true);
    if (isBusy) return undefined;
    if (action === "undo" || action === "redo") return question("revert", { kind: action }).then(follow);
    if (action === "skip" || action === "flag" || action === "unsure") return decide(action);
    if (action.startsWith("class:")) return decide("label", model.get("spec").names[Number(action.slice(6))]);
    return undefined;
  }

  const hands = { changed: draw, look: item.look };
  pointerMarks(list, marks, anchor, hands);
  list.element.addEventListener("click", (event) => {
    const button = event.target.closest(".spin-tile-more");
    if (!button) return;
    event.stopImmediatePropagation();
    moreLike(Number(button.closest("[data-at]").dataset.at));
  }, true);
  /** What a key means to the grid alone, if no class has that key and it can be done now. */
  const actionOfGrid = (event, inList) => {
    const action = !isChord(event) && GRID_KEYS[event.key];
    if (!action || state.table().has(event.key)) return undefined;
    const isPossible = { similar: inList && marks.size, back: model.get("behind"), tags: true }[action];
    return isPossible ? action : undefined;
  };
  root.addEventListener("keydown", (event) => {
    if (event.target.closest("select, input")) return event.key === "Escape" && event.target.closest("form") ? list.element.focus() : undefined;
    const inList = event.target === list.element;
    const isPress = event.target.closest("button") && (event.key === "Enter" || event.key === " ");
    if (isPress || event.isComposing) return;
    const used = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (inList && listKey(event, list, marks, anchor, hands)) return used();
    if (event.key === "Escape") {
      used();
      return letGo(root);
    }
    if (character(event) === "/" && !isChord(event)) {
      used();
      return state.next();
    }
    const gridAction = actionOfGrid(event, inList);
    if (gridAction) {
      used();
      return act(gridAction);
    }
    const action = actionOf(event, state.table());
    const isOurs = action && /^(class:|skip$|flag$|unsure$|undo$|redo$)/.test(action);
    if (!isOurs) return undefined;
    used();
    return event.repeat ? undefined : act(action);
  });

  async function load() {
    const answer = await ask("order").catch(() => null);
    if (!answer) return setTimeout(load, 1000);
    const [message, buffers] = answer;
    if (message.problem) return problem(message.problem);
    marks.reorder(numbersOf(buffers[0], Uint32Array), message.generation);
    anchor.set(0);
    item.forget();
    empty.hidden = message.n > 0;
    list.element.hidden = message.n === 0;
    write(empty, NO_ITEMS);
    list.show(message);
    return draw();
  }
  const renew = () => {
    state.forget();
    draw();
  };
  const pairs = [
    ["change:version", load],
    ["change:is_whole_pool", renew],
    ["change:title change:behind change:choices change:tag_names change:sorted_by change:descending change:bindings change:read_only", draw],
    ["change:tile", () => (list.resize(model.get("tile")), draw())],
  ].flatMap(([names, listener]) => names.split(" ").map((name) => [name, listener]));
  pairs.forEach(([name, listener]) => model.on(name, listener));
  el.append(root);
  const watch = new ResizeObserver(() => list.resize(model.get("tile")));
  watch.observe(list.element);
  if (model.get("read_only")) say("This project is open read-only: nothing can be saved.");
  load();
  draw();
  return () => {
    pairs.forEach(([name, listener]) => model.off(name, listener));
    watch.disconnect();
    list.close();
    talk.close();
  };
}

/** On screen as long as the classes are the same; where they change it is built anew, and keeps the keyboard. */
function renderFor({ model, el }) {
  let close = render({ model, el });
  const renew = () => {
    const hasFocus = el.contains(document.activeElement);
    close();
    el.replaceChildren();
    close = render({ model, el });
    if (hasFocus) el.querySelector("[tabindex]")?.focus({ preventScroll: true });
  };
  model.on("change:spec", renew);
  return () => {
    model.off("change:spec", renew);
    close();
  };
}

export default { initialize: startAgain, render: renderFor };

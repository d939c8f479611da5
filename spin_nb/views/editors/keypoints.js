// Keypoints: {name: [x, y] | null}, null = not visible; in the draft a point that is still to be placed has no entry.

import { h, svgElement } from "../base/dom.js";
import { deletes } from "../base/key_events.js";
import { focusView } from "../media/viewport.js";
import { Drawing } from "./drawing.js";
import { clampToPicture, distance, oneDecimal } from "./geometry.js";
import { EDITORS } from "./registry.js";
import { arrowStep, haloOutline, nameChip, placeChip, shapeColour, shapeList, shapeName, toolButtons, touchRadius } from "./shapes.js";

const isChoosing = (event) => event.ctrlKey || event.metaKey;

class KeypointEditor extends Drawing {
  constructor(editorApi) {
    super(editorApi);
    this.names = editorApi.spec.names;
    const rows = () => this.names.map((_, i) => this.row(i));
    const [choose, remove] = [(i) => this.named(i), (i) => this.hide(i)];
    this.list = shapeList({ noun: "point", nouns: "points", empty: "", rows, choose, remove, sure: () => this.sure() });
    const click = (event) => {
      this.hideRest();
      focusView(event);
    };
    this.rest = h("button", { type: "button", class: "spin-shape-rest", onclick: click }, "The rest is not visible");
    const words = () => (this.next < 0 ? "All points are set" : `Put ${shapeName(this.names[this.next])} in the middle`);
    this.tools = toolButtons(editorApi, [{ action: "new", act: () => this.create(), words, off: () => this.next < 0 }]);
    this.tools.element.append(this.rest);
    this.panel = h("div", { class: "spin-shapes" }, this.list.element, this.tools.element);
  }

  get actions() {
    return ["delete", "absent", "next", "previous", "new"];
  }

  forget() {
    super.forget();
    this.aimed = false; // the next click places the selected point, placed before or not
    this.fresh = false; // the selected point was just placed: "not visible" means the next one
    this.hovered = -1;
  }

  get points() {
    return this.live ?? this.editorApi.value ?? {};
  }

  /** [x, y], null, or undefined; a point may be called "constructor". */
  at(index) {
    const name = this.names[index];
    return Object.hasOwn(this.points, name) ? this.points[name] : undefined;
  }

  /** The first point that is neither placed nor said to be not visible; -1 when there is none. */
  get missing() {
    return this.names.findIndex((name) => !Object.hasOwn(this.points, name));
  }

  /** The point that the next click places. */
  get target() {
    return this.aimed && this.selected >= 0 ? this.selected : this.missing;
  }

  /** The point that would go to the middle of what is seen: the chosen one, else the next; -1 when all are set. */
  get next() {
    return this.aimed && this.selected >= 0 && !this.at(this.selected) ? this.selected : this.missing;
  }

  /** Why the draft cannot be submitted yet, or null. */
  unfinished() {
    const unplaced = this.names.filter((name) => !Object.hasOwn(this.points, name));
    if (!unplaced.length) return null;
    return `${unplaced.length} of ${this.names.length} points are still to be placed, next: ${shapeName(unplaced[0])}. ${this.editorApi.key("absent")} says that a point is not visible.`;
  }

  inWords(index) {
    return `${shapeName(this.names[index])}: ${this.row(index).note}`;
  }

  refresh() {
    this.draw();
  }

  draw() {
    this.list.draw();
    this.tools.draw();
    // Not `disabled`: the focus would fall out of the view with the last point.
    this.rest.setAttribute("aria-disabled", String(this.editorApi.readOnly || this.missing < 0));
    this.paint();
  }

  row(index) {
    const point = this.at(index);
    const name = shapeName(this.names[index]);
    return {
      name,
      colour: shapeColour(index),
      key: this.editorApi.key(`class:${index}`),
      note: point ? point.map(oneDecimal).join(", ") : point === null ? "not visible" : index === this.target ? "next: click it" : "to be placed",
      suggested: this.isSuggested(index),
      chosen: index === this.selected,
      says: name,
      removal: point === null || this.editorApi.readOnly ? null : `${name} is not visible`,
    };
  }

  isSuggested(index) {
    const name = this.names[index];
    if (!Object.hasOwn(this.suggestion ?? {}, name)) return false;
    return JSON.stringify(this.suggestion[name]) === JSON.stringify(this.at(index));
  }

  // ---- paint -----------------------------------------------------------------------------------------------------

  paint() {
    if (!this.view) return;
    const bones = (this.editorApi.spec.skeleton ?? []).map((ends) => ends.map((name) => this.names.indexOf(name)));
    const whole = bones.filter((ends) => ends.every((i) => this.at(i)));
    const lines = whole.flatMap(([a, b]) => {
      const [[x1, y1], [x2, y2]] = [this.at(a), this.at(b)];
      return haloOutline("line", { x1, y1, x2, y2 }, { colour: "#fff", dashed: this.isSuggested(a) && this.isSuggested(b) });
    });
    const placed = this.names.map((_, i) => i).filter((i) => this.at(i)).sort((a, b) => (a === this.selected) - (b === this.selected));
    this.view.svg.replaceChildren(...lines, ...placed.flatMap((i) => this.dot(i)));
    const named = placed.filter((i) => i === this.selected || i === this.hovered);
    this.view.layer.replaceChildren(...named.map((i) => this.chip(i)));
    this.view.hint(this.hint());
  }

  chip(index) {
    const [x, y] = this.at(index);
    const chip = nameChip(this.names[index], { colour: shapeColour(index), chosen: index === this.selected });
    placeChip(chip, [x + 8 / this.view.scale, y - 6 / this.view.scale], this.view);
    return chip;
  }

  dot(index) {
    const [cx, cy] = this.at(index);
    const chosen = index === this.selected;
    const look = { colour: shapeColour(index), chosen, dashed: this.isSuggested(index) };
    const ring = haloOutline("circle", { cx, cy, r: (chosen ? 8 : 5.5) / this.view.scale }, look);
    return [...ring, svgElement("circle", { cx, cy, r: 1.5 / this.view.scale, fill: "#fff", stroke: "#000", "stroke-width": 1, "vector-effect": "non-scaling-stroke" })];
  }

  hint() {
    if (this.editorApi.readOnly) return "";
    const { target } = this;
    if (target < 0) return "All points are set: drag to move, Enter submits";
    const others = this.names.some((_, i) => this.at(i)) ? "; Ctrl+click chooses a point that is there" : "";
    return `Click: ${shapeName(this.names[target])} (${target + 1} of ${this.names.length}); ${this.editorApi.key("absent")} = not visible${others}`;
  }

  // ---- steps of the draft ------------------------------------------------------------------------------------------

  with(index, point) {
    return { ...this.points, [this.names[index]]: point };
  }

  choose(index, aimed = true) {
    if (index === this.selected && aimed === this.aimed && !this.fresh) return;
    this.flush();
    this.selected = index;
    this.aimed = aimed && index >= 0;
    this.fresh = false;
    this.draw();
    if (index >= 0) this.list.reveal(index);
  }

  /** The key of a point: it is the one that the next click places. */
  named(index) {
    if (index < this.names.length) this.choose(index);
  }

  place(index, point, fresh) {
    const [x, y] = point;
    this.selected = index;
    this.aimed = false;
    this.fresh = fresh;
    this.step(this.with(index, point), `${shapeName(this.names[index])} at ${oneDecimal(x)}, ${oneDecimal(y)}`);
    if (this.missing >= 0) this.list.reveal(this.missing);
  }

  /** The next point in the middle of what is seen; the arrow keys move it from there. */
  create() {
    const { next } = this;
    if (this.editorApi.readOnly || !this.view?.placed()) return;
    if (next < 0) return void this.editorApi.say("All points are set.");
    this.flush();
    const [left, top, right, bottom] = this.middle;
    this.place(next, clampToPicture([(left + right) / 2, (top + bottom) / 2], this.size), true);
  }

  hide(index) {
    if (index < 0 || this.editorApi.readOnly || this.at(index) === null) return;
    this.flush();
    this.aimed = false;
    this.selected = this.list.focusedRow() >= 0 ? index : -1;
    this.step(this.with(index, null), `${shapeName(this.names[index])} is not visible`);
  }

  hideRest() {
    const unplaced = this.names.filter((name) => !Object.hasOwn(this.points, name));
    if (!unplaced.length || this.editorApi.readOnly) return;
    const rest = Object.fromEntries(unplaced.map((name) => [name, null]));
    this.step({ ...this.points, ...rest }, `${unplaced.length} points are not visible`);
  }

  // ---- pointers ----------------------------------------------------------------------------------------------------

  near(point, reach) {
    const far = this.names.map((_, i) => (this.at(i) ? distance(point, this.at(i)) : Infinity));
    const nearest = far.indexOf(Math.min(...far));
    return far[nearest] <= reach ? nearest : -1;
  }

  /** While points are to be placed, a click on one that is there places the next; Ctrl, or a drag, means the one that is there. */
  press(point, event) {
    if (this.editorApi.readOnly) return false;
    const index = this.near(point, touchRadius(event, this.view));
    // A point chosen in the list is placed by the next gesture, close to another point too.
    if (index < 0 || (this.aimed && index !== this.selected && !isChoosing(event))) return false;
    const chosen = this.target < 0 || isChoosing(event);
    if (chosen) this.choose(index, false);
    this.gesture = { index, chosen, from: point, start: this.at(index) };
    return true;
  }

  drag(point) {
    const { gesture } = this;
    if (!gesture) return;
    if (!gesture.chosen) this.choose(gesture.index, false);
    gesture.chosen = true;
    const { start, from } = gesture;
    this.live = null;
    this.live = this.with(gesture.index, clampToPicture([start[0] + point[0] - from[0], start[1] + point[1] - from[1]], this.view.size));
    this.soon();
  }

  drop(point) {
    if (!this.gesture) return;
    this.drag(point);
    const { index } = this.gesture;
    this.gesture = null;
    this.place(index, this.at(index), false);
  }

  tap(point, event) {
    const { gesture, target } = this;
    this.gesture = null;
    if (gesture?.chosen) return;
    const index = this.near(point, touchRadius(event, this.view));
    if (this.editorApi.readOnly || target < 0) this.choose(index, false);
    else this.place(target, clampToPicture(point, this.view.size), true);
  }

  hover(point, event) {
    const before = this.hovered;
    this.hovered = this.near(point, touchRadius(event, this.view));
    if (this.hovered !== before) this.paint();
    if (this.editorApi.readOnly || event.shiftKey) return "grab";
    if (this.target >= 0 && !isChoosing(event)) return "crosshair";
    return this.hovered >= 0 ? "move" : "";
  }

  // ---- keys --------------------------------------------------------------------------------------------------------

  pressed(event) {
    const nudge = arrowStep(event);
    if (nudge && !nudge.grows && this.at(this.selected)) return this.nudge(nudge);
    this.flush();
    const meaning = this.meaning(event);
    const chosen = this.selected >= 0 && !this.fresh && this.at(this.selected) !== null;
    const waits = nudge && !nudge.grows && this.aimed && !this.editorApi.readOnly;
    if (waits || (meaning === "new" && !event.repeat)) this.create();
    else if (meaning === "absent" || meaning === "delete" || (chosen && deletes(event, meaning))) this.hide(this.selected >= 0 && !this.fresh ? this.selected : this.missing);
    else if (meaning === "accept" && this.unfinished() && !this.editorApi.readOnly) this.editorApi.warn(this.unfinished());
    else return this.common(event, this.names.length);
    return true;
  }

  nudge({ dx, dy }) {
    if (this.editorApi.readOnly) return false;
    const [x, y] = this.at(this.selected);
    const point = clampToPicture([x + dx, y + dy], this.size);
    return this.pushed(this.with(this.selected, point), `${shapeName(this.names[this.selected])} at ${point.map(oneDecimal).join(", ")}`);
  }
}

EDITORS.keypoints = (editorApi) => new KeypointEditor(editorApi);

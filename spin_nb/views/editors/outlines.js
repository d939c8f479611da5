// Boxes and polygons: shapes with a class each. Choosing, moving, naming and deleting them is one piece; what a box or a
// polygon is comes from boxes.js and polygons.js. A gesture changes `live`; one step of the draft ends it.

import { h, svgElement } from "../base/dom.js";
import { deletes } from "../base/key_events.js";
import { Drawing } from "./drawing.js";
import { arrowStep, classButtons, fillInPlace, nameChip, placeChip, shapeColour, shapeList, shapeName, toolButtons, touchRadius } from "./shapes.js";

const MAX_LIVE_LIST_ROWS = 100; // rows of a list that costs more to draw than the picture

export class Outlines extends Drawing {
  constructor(editorApi) {
    super(editorApi);
    this.current = 0; // class of new shapes
    this.isForNext = false; // it was chosen for the next shape, not given to the last one
    const current = () => (this.shapes[this.selected] ? this.classOf(this.selected) : this.current);
    this.classes = classButtons(editorApi, { current, choose: (i) => this.named(i) });
    const [rows, choose, remove] = [() => this.rows(), (i) => this.choose(i), (i) => this.remove(i)];
    this.list = shapeList({ noun: this.noun, nouns: this.nouns, empty: this.empty, rows, choose, remove, sure: () => this.sure() });
    this.tools = toolButtons(editorApi, this.offers());
    this.panel = h("div", { class: "spin-shapes" }, this.classes.element, this.tools.element, this.list.element);
  }

  /** What can be done without a pointer, as buttons. */
  offers() {
    const none = () => !this.shapes[this.selected];
    return [
      { action: "new", act: () => this.create(), words: () => `New ${this.noun}`, off: () => false },
      { action: "duplicate", act: () => this.duplicate(), words: () => "Duplicate", off: none },
    ];
  }

  forget() {
    super.forget();
    this.maybe = new Set(); // shapes as they are suggested, in JSON
    this.factsByShape = new WeakMap(); // what was worked out of each shape: shapes are never changed, only replaced
    this.vertex = null; // of the selected polygon
    this.justDrawn = -1; // the shape just drawn, where its class had been chosen before: the next key is for the next shape
  }

  itemPane(card) {
    const pane = super.itemPane(card);
    this.maybe = new Set((this.suggestion ?? []).map((shape) => JSON.stringify(shape)));
    this.factsByShape = new WeakMap();
    if (pane) this.view.svg.append((this.lines = svgElement("g")), (this.sketch = svgElement("g")));
    return pane;
  }

  get shapes() {
    return this.live ?? this.editorApi.value ?? [];
  }

  classOf(index) {
    return this.editorApi.spec.names.indexOf(this.shapes[index]?.label);
  }

  title(index) {
    return `${this.noun} ${index + 1}, ${shapeName(this.shapes[index].label)}`;
  }

  inWords(index) {
    return `${this.title(index)}: ${this.coordinates(this.shapes[index])}`;
  }

  draw() {
    if (this.selected >= this.shapes.length) this.selected = -1;
    this.classes.draw();
    this.tools.draw();
    this.refresh();
  }

  /** What a gesture changes; a long list follows when the shape is let go. */
  refresh() {
    if (!this.gesture || this.shapes.length <= MAX_LIVE_LIST_ROWS) this.list.draw();
    this.paint();
  }

  rows() {
    return this.shapes.map((shape, i) => ({
      name: shape.label,
      colour: shapeColour(this.classOf(i)),
      note: this.facts(shape).note,
      suggested: this.facts(shape).suggested,
      chosen: i === this.selected,
      removal: this.editorApi.readOnly ? null : `Delete ${this.title(i)}`,
    }));
  }

  facts(shape) {
    if (!this.factsByShape.has(shape)) this.factsByShape.set(shape, { note: this.coordinates(shape), suggested: this.maybe.has(JSON.stringify(shape)) });
    return this.factsByShape.get(shape);
  }

  // ---- what is drawn -------------------------------------------------------------------------------------------

  paint() {
    if (!this.view) return;
    const order = this.shapes.map((_, i) => i).sort((a, b) => (a === this.selected) - (b === this.selected));
    const marks = order.map((i) => this.mark(i));
    fillInPlace(this.lines, marks.flatMap(({ lines }) => lines));
    fillInPlace(this.view.layer, marks.map(({ chip }) => chip));
    this.view.front.replaceChildren(...(this.editorApi.readOnly ? [] : this.grips()));
    this.view.hint(this.hint());
  }

  /** The elements of a shape, the same ones as long as it looks the same. */
  mark(index) {
    const shape = this.shapes[index];
    const facts = this.facts(shape);
    const look = { colour: shapeColour(this.classOf(index)), chosen: index === this.selected, dashed: facts.suggested };
    const now = Object.values(look).join();
    if (facts.look !== now) Object.assign(facts, { look: now, lines: this.outline(shape, look), chip: nameChip(shape.label, look), at: "" });
    const at = [...this.view.toView([0, 0]), this.view.scale, ...this.view.room].join();
    if (facts.at !== at) placeChip(facts.chip, this.corner(shape), this.view);
    facts.at = at;
    return facts;
  }

  // ---- steps of the draft --------------------------------------------------------------------------------------

  with(index, shape, shapes = this.shapes) {
    return shapes.map((other, i) => (i === index ? shape : other));
  }

  choose(index) {
    this.justDrawn = -1;
    if (index === this.selected) return;
    this.flush();
    this.selected = index;
    this.vertex = null;
    this.draw();
    if (index >= 0) this.list.reveal(index);
  }

  /** The class of the selected shape, and of new ones. Whoever chooses, draws, chooses, draws renames nothing. */
  named(index) {
    if (index >= this.editorApi.spec.names.length || this.editorApi.readOnly) return undefined;
    if (this.justDrawn >= 0 && this.justDrawn === this.selected) this.choose(-1);
    this.current = index;
    const label = this.editorApi.spec.names[index];
    const shape = this.shapes[this.selected];
    this.isForNext = !shape;
    if (!shape || shape.label === label) return this.draw();
    return this.step(this.with(this.selected, { ...shape, label }), `${this.noun} ${this.selected + 1} is now ${shapeName(label)}`);
  }

  remove(index) {
    if (!this.shapes[index] || this.editorApi.readOnly) return;
    this.flush();
    const words = `${this.title(index)}, deleted`;
    const row = this.list.focusedRow();
    this.selected = -1;
    this.vertex = null;
    this.step(this.shapes.filter((_, i) => i !== index), words);
    // Whoever deletes from the list with the keyboard goes on with the next shape there.
    if (row >= 0) this.choose(Math.min(row, this.shapes.length - 1));
  }

  /** A new shape in the middle of what is seen; the arrow keys move it from there. */
  create() {
    if (this.editorApi.readOnly || !this.view?.placed()) return;
    this.flush();
    this.append({ label: this.editorApi.spec.names[this.current], ...this.within(this.middle) }, "drawn in the middle");
  }

  /** The same again, a little aside. */
  duplicate() {
    const shape = this.shapes[this.selected];
    if (!shape || this.editorApi.readOnly || !this.view?.placed()) return;
    this.flush();
    const by = Math.max(1, Math.round(14 / this.view.scale));
    const aside = [by, -by].map((each) => this.move(shape, each, each, this.size));
    this.append(aside.find((copy) => this.coordinates(copy) !== this.coordinates(shape)) ?? { ...shape }, "duplicated");
  }

  append(shape, words) {
    this.selected = this.shapes.length;
    this.justDrawn = this.isForNext ? this.selected : -1;
    this.vertex = null;
    this.step([...this.shapes, shape], `${this.noun} ${this.selected + 1}, ${shapeName(shape.label)} ${words}: ${this.coordinates(shape)}`);
    this.list.reveal(this.selected);
  }

  // ---- pointers --------------------------------------------------------------------------------------------------

  under(point, reach) {
    const size = (i) => this.extent(this.shapes[i]);
    return this.shapes.map((_, i) => i).filter((i) => this.touches(this.shapes[i], point, reach)).sort((a, b) => size(a) - size(b));
  }

  press(point, event) {
    if (this.editorApi.readOnly || this.busy(event)) return false;
    const reach = touchRadius(event, this.view);
    const fresh = event.ctrlKey || event.metaKey;
    const gesture = fresh ? null : (this.grab(point, reach) ?? this.seize(point, reach));
    this.gesture = gesture ?? this.begin(point);
    if (this.gesture) this.gesture.base = this.shapes;
    return this.gesture !== null;
  }

  /** The shape under the pointer; the selected one first, else the smallest. */
  seize(point, reach) {
    const under = this.under(point, reach);
    if (!under.length) return null;
    const again = under.includes(this.selected);
    if (!again) this.choose(under[0]);
    return { index: this.selected, from: point, next: again ? under[(under.indexOf(this.selected) + 1) % under.length] : null };
  }

  drag(point) {
    const { gesture } = this;
    if (!gesture) return;
    gesture.shape = this.follow(gesture, point);
    this.live = gesture.fresh ? [...gesture.base, gesture.shape] : this.with(gesture.index, gesture.shape, gesture.base);
    if (gesture.fresh) this.selected = gesture.index;
    this.soon();
  }

  /** The shape of a gesture now that the pointer is at `point`. */
  follow({ index, from, base }, point) {
    return this.move(base[index], point[0] - from[0], point[1] - from[1], this.view.size);
  }

  drop(point) {
    const { gesture } = this;
    if (!gesture) return;
    this.drag(point);
    this.gesture = null;
    this.justDrawn = gesture.fresh && this.isForNext ? gesture.index : -1;
    this.step(this.live, `${this.title(gesture.index)} ${gesture.fresh ? "drawn" : "moved"}: ${this.coordinates(gesture.shape)}`);
  }

  tap(point, event) {
    const { gesture } = this;
    this.gesture = null;
    if (!gesture || gesture.fresh) this.tapped(point, event);
    else if (typeof gesture.next === "number") this.choose(gesture.next);
  }

  // ---- keys ------------------------------------------------------------------------------------------------------

  pressed(event) {
    const nudge = arrowStep(event);
    if (nudge && this.shapes[this.selected]) return this.nudge(nudge);
    this.flush();
    const meaning = this.meaning(event);
    if (this.selected >= 0 && deletes(event, meaning)) this.erase();
    else if (meaning === "new" || meaning === "duplicate") this.once(event, meaning);
    else return this.classes.key(event) || this.common(event, this.shapes.length);
    return true;
  }

  /** A key held down would pile shapes up. */
  once(event, meaning) {
    if (event.repeat) return;
    if (meaning === "new") this.create();
    else this.duplicate();
  }

  erase() {
    this.remove(this.selected);
  }

  nudge({ dx, dy, grows }) {
    if (this.editorApi.readOnly || (grows && !this.resize)) return false;
    this.justDrawn = -1; // somebody is still at it
    const change = grows ? "resize" : this.vertex === null ? "move" : "pull";
    const shape = this[change](this.shapes[this.selected], dx, dy, this.size);
    return this.pushed(this.with(this.selected, shape), `${this.title(this.selected)}: ${this.coordinates(shape)}`);
  }
}

// Boxes and polygons: shapes with a class each. Choosing, moving, naming and deleting them is one piece; what a box or a
// polygon is comes from boxes.js and polygons.js. A gesture changes `live`; one step of the draft ends it.

class Outlines extends Drawing {
  constructor(bench) {
    super(bench);
    this.current = 0; // class of new shapes
    const current = () => (this.shapes[this.selected] ? this.classOf(this.selected) : this.current);
    this.classes = shapeClasses(bench, { current, choose: (i) => this.named(i) });
    const [rows, choose, remove] = [() => this.rows(), (i) => this.choose(i), (i) => this.remove(i)];
    this.list = shapeList({ noun: this.noun, nouns: this.nouns, empty: this.empty, rows, choose, remove });
    this.panel = h("div", { class: "spin-shapes" }, this.classes.element, this.list.element);
  }

  forget() {
    super.forget();
    this.maybe = new Set(); // shapes as they are suggested, in JSON
    this.vertex = null; // of the selected polygon
  }

  stage(card) {
    const shown = super.stage(card);
    this.maybe = new Set((this.suggestion ?? []).map((shape) => JSON.stringify(shape)));
    return shown;
  }

  get shapes() {
    return this.live ?? this.bench.value ?? [];
  }

  classOf(index) {
    return this.bench.spec.names.indexOf(this.shapes[index]?.label);
  }

  title(index) {
    return `${this.noun} ${index + 1}, ${shapeWord(this.shapes[index].label)}`;
  }

  inWords(index) {
    return `${this.title(index)}: ${this.coordinates(this.shapes[index])}`;
  }

  draw() {
    if (this.selected >= this.shapes.length) this.selected = -1;
    this.classes.draw();
    this.list.draw();
    this.paint();
  }

  rows() {
    return this.shapes.map((shape, i) => ({
      name: shape.label,
      colour: shapeColour(this.classOf(i)),
      note: this.coordinates(shape),
      suggested: this.isSuggested(shape),
      chosen: i === this.selected,
      removal: this.bench.readOnly ? null : `Delete ${this.title(i)}`,
    }));
  }

  isSuggested(shape) {
    return this.maybe.has(JSON.stringify(shape));
  }

  // ---- what is drawn -------------------------------------------------------------------------------------------

  paint() {
    if (!this.view?.scale) return;
    const order = this.shapes.map((_, i) => i).sort((a, b) => (a === this.selected) - (b === this.selected));
    const look = (i) => ({ colour: shapeColour(this.classOf(i)), chosen: i === this.selected, dashed: this.isSuggested(this.shapes[i]) });
    const lines = order.flatMap((i) => this.outline(this.shapes[i], look(i)));
    const chips = order.map((i) => shapeChip(this.shapes[i].label, this.corner(this.shapes[i]), this.view, look(i)));
    this.view.svg.replaceChildren(...lines);
    this.view.front.replaceChildren(...(this.bench.readOnly ? [] : this.grips()));
    this.view.layer.replaceChildren(...chips.filter(Boolean));
    this.view.hint(this.hint());
  }

  // ---- steps of the draft --------------------------------------------------------------------------------------

  with(index, shape, shapes = this.shapes) {
    return shapes.map((other, i) => (i === index ? shape : other));
  }

  choose(index) {
    if (index === this.selected) return;
    this.flush();
    this.selected = index;
    this.vertex = null;
    this.draw();
    if (index >= 0) this.list.reveal(index);
  }

  /** The class of the selected shape, and of new ones. */
  named(index) {
    if (index >= this.bench.spec.names.length || this.bench.readOnly) return undefined;
    this.current = index;
    const label = this.bench.spec.names[index];
    const shape = this.shapes[this.selected];
    if (!shape || shape.label === label) return this.draw();
    return this.step(this.with(this.selected, { ...shape, label }), `${this.noun} ${this.selected + 1} is now ${shapeWord(label)}`);
  }

  remove(index) {
    if (!this.shapes[index] || this.bench.readOnly) return;
    this.flush();
    const words = `${this.title(index)}, deleted`;
    const held = this.list.held();
    this.selected = -1;
    this.vertex = null;
    this.step(this.shapes.filter((_, i) => i !== index), words);
    // Whoever deletes from the list with the keyboard goes on with the next shape there.
    if (held >= 0) this.choose(Math.min(held, this.shapes.length - 1));
  }

  // ---- pointers --------------------------------------------------------------------------------------------------

  under(point, reach) {
    const size = (i) => this.extent(this.shapes[i]);
    return this.shapes.map((_, i) => i).filter((i) => this.touches(this.shapes[i], point, reach)).sort((a, b) => size(a) - size(b));
  }

  press(point, event) {
    if (this.bench.readOnly || this.busy(event)) return false;
    const reach = shapeReach(event, this.view);
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
    this.draw();
  }

  /** The shape of a gesture now that the pointer is at `point`. */
  follow({ index, from, base }, point) {
    return this.moved(base[index], point[0] - from[0], point[1] - from[1], this.view.size);
  }

  drop(point) {
    const { gesture } = this;
    if (!gesture) return;
    this.drag(point);
    this.gesture = null;
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
    const nudge = shapeNudge(event);
    if (nudge && this.shapes[this.selected]) return this.nudge(nudge);
    this.flush();
    if (this.bench.meaning(event) !== "delete" || this.selected < 0) return this.common(event, this.shapes.length);
    this.erase();
    return true;
  }

  erase() {
    this.remove(this.selected);
  }

  nudge({ dx, dy, grows }) {
    if (this.bench.readOnly || (grows && !this.grown)) return false;
    const change = grows ? "grown" : this.vertex === null ? "moved" : "pulled";
    const shape = this[change](this.shapes[this.selected], dx, dy, this.size);
    return this.pushed(this.with(this.selected, shape), `${this.title(this.selected)}: ${this.coordinates(shape)}`);
  }
}

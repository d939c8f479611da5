// Polygons: {label, points: [[x, y], ...]}, drawn point by point. The open one belongs to this page until it is closed.

import { clamp, clampToPicture, distance, distanceToEdge, doubleArea, isInside, oneDecimal, roundToHundredths } from "./geometry.js";
import { Outlines } from "./outlines.js";
import { EDITORS } from "./registry.js";
import { gripMark, haloOutline, shapeColour, shapeName, touchRadius } from "./shapes.js";

const MIN_AREA_PX = 1; // square pixels of the original

class PolygonEditor extends Outlines {
  get noun() {
    return "polygon";
  }

  get nouns() {
    return "polygons";
  }

  get actions() {
    return ["delete", "next", "previous", "new", "duplicate", "point"];
  }

  get empty() {
    return "No polygons yet: click along the outline, Enter closes it.";
  }

  forget() {
    super.forget();
    this.open = []; // points of the polygon that is not closed yet
    this.redoPoints = []; // points that undo took away from it
    this.pointer = null;
  }

  offers() {
    const [create, duplicate] = super.offers();
    const words = () => (this.vertex === null ? "New polygon" : "New point");
    const next = { action: "point", act: () => this.nextPoint(), words: () => "Next point", off: () => !this.shapes.length };
    return [{ ...create, words }, duplicate, next];
  }

  step(value, words) {
    this.redoPoints = [];
    super.step(value, words);
  }

  draw() {
    // Undo may have taken the chosen point away.
    if (!this.shapes[this.selected]?.points[this.vertex]) this.vertex = null;
    super.draw();
  }

  bounds({ points }) {
    const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }

  coordinates(polygon) {
    const [left, top, right, bottom] = this.bounds(polygon);
    const [x, y, width, height] = [left, top, right - left, bottom - top].map(Math.round);
    return `${polygon.points.length} points · ${x}, ${y} · ${width} × ${height}`;
  }

  extent({ points }) {
    return Math.abs(doubleArea(points)) / 2;
  }

  corner({ points }) {
    return points.reduce((top, point) => (point[1] < top[1] ? point : top));
  }

  touches({ points }, point, reach) {
    return isInside(points, point) || points.some((a, i) => distanceToEdge(point, a, points[(i + 1) % points.length]) <= reach);
  }

  move(polygon, dx, dy, [width, height]) {
    const [left, top, right, bottom] = this.bounds(polygon);
    const by = [clamp(dx, -left, width - right), clamp(dy, -top, height - bottom)];
    return { ...polygon, points: polygon.points.map(([x, y]) => clampToPicture([x + by[0], y + by[1]], [width, height])) };
  }

  within([left, top, right, bottom]) {
    return { points: [[left, top], [right, top], [right, bottom], [left, bottom]] };
  }

  pull(polygon, dx, dy, size) {
    return { ...polygon, points: polygon.points.map(([x, y], i) => (i === this.vertex ? clampToPicture([x + dx, y + dy], size) : [x, y])) };
  }

  // ---- paint -----------------------------------------------------------------------------------------------------

  outline({ points }, look) {
    return haloOutline("polygon", { points: points.join(" ") }, look);
  }

  middles({ points }) {
    return points.map(([x, y], i) => {
      const [u, v] = points[(i + 1) % points.length];
      return [(x + u) / 2, (y + v) / 2];
    });
  }

  grips() {
    const polygon = this.shapes[this.selected];
    if (!polygon) return [];
    const middles = this.middles(polygon).map((point) => gripMark(point, this.view, { round: true, faint: true }));
    return [...middles, ...polygon.points.map((point, i) => gripMark(point, this.view, { round: true, chosen: i === this.vertex }))];
  }

  paint() {
    super.paint();
    if (!this.view) return;
    const line = this.open.length ? [...this.open, this.pointer].filter(Boolean) : [];
    const look = { colour: shapeColour(this.current), chosen: true, filled: false };
    const dots = this.open.map((point, i) => gripMark(point, this.view, { round: true, chosen: i === 0, colour: "#fff" }));
    this.sketch.replaceChildren(...(line.length ? haloOutline("polyline", { points: line.join(" ") }, look) : []));
    this.view.front.append(...dots);
  }

  hint() {
    const n = this.open.length;
    if (this.editorApi.readOnly) return "";
    if (n) return `${n} ${n === 1 ? "point" : "points"}: click adds one, Enter or the first point closes, Esc gives up`;
    if (this.shapes[this.selected]) return "Drag it or a point, click between points to add one, Del deletes";
    return `Click: first point of a new ${shapeName(this.editorApi.spec.names[this.current])}`;
  }

  // ---- the open polygon --------------------------------------------------------------------------------------------

  /** While one is open every tap adds a point, whatever lies below. */
  busy(event) {
    return this.open.length > 0 || event.ctrlKey || event.metaKey;
  }

  begin() {
    return null;
  }

  tapped(point, event) {
    const under = this.under(point, touchRadius(event, this.view));
    const starts = event.ctrlKey || event.metaKey || !under.length;
    if (!this.editorApi.readOnly && (this.open.length || starts)) this.add(clampToPicture(point, this.view.size), event);
    else this.choose(under[0] ?? -1);
  }

  add(point, event) {
    const near = (event.pointerType === "touch" ? 14 : 8) / this.view.scale;
    const [first, last] = [this.open[0], this.open.at(-1)];
    // A double click adds a point and closes at once.
    if (first && (distance(point, last) <= near || distance(point, first) <= near)) return this.complete();
    if (!first) this.choose(-1);
    this.open = [...this.open, point];
    this.redoPoints = [];
    this.pointer = null;
    return this.draw();
  }

  complete() {
    const points = this.open;
    if (points.length < 3) return this.editorApi.warn(`A polygon needs at least 3 points; this one has ${points.length}.`);
    if (this.extent({ points }) < MIN_AREA_PX) return this.editorApi.warn("This polygon has no area: its points lie on one line.");
    const label = this.editorApi.spec.names[this.current];
    this.open = [];
    this.selected = this.shapes.length;
    this.justDrawn = this.isForNext ? this.selected : -1;
    return this.step([...this.shapes, { label, points }], `polygon of ${points.length} points drawn, ${shapeName(label)}`);
  }

  /** What is half drawn and not in the draft, to wait with its card; null where there is nothing. */
  unsaved() {
    return this.open.length ? { open: this.open } : null;
  }

  /** Go on with what `unsaved` gave. */
  resume(state) {
    if (!state || this.open.length || !this.size || this.editorApi.readOnly) return;
    this.open = state.open.map((point) => clampToPicture(point, this.size));
    this.draw();
  }

  /** Why the draft cannot be submitted yet, or null. */
  unfinished() {
    return this.open.length ? "The open polygon is not closed: Enter closes it, Esc gives it up." : null;
  }

  hover(point, event) {
    if (this.open.length) {
      this.pointer = clampToPicture(point, this.view.size);
      this.soon();
    }
    if (this.editorApi.readOnly || event.shiftKey) return "grab";
    const reach = touchRadius(event, this.view);
    if (this.busy(event)) return "crosshair";
    if (this.grab(point, reach)) return "pointer";
    return this.under(point, reach).length ? "move" : "crosshair";
  }

  // ---- gestures on a closed one ------------------------------------------------------------------------------------

  grab(point, reach) {
    const polygon = this.shapes[this.selected];
    if (!polygon) return null;
    const near = (points) => {
      const far = points.map((other) => distance(point, other));
      const nearest = far.indexOf(Math.min(...far));
      return far[nearest] <= reach ? nearest : -1;
    };
    const [vertex, middle] = [near(polygon.points), near(this.middles(polygon))];
    if (vertex >= 0) return { index: this.selected, from: point, vertex };
    return middle < 0 ? null : { index: this.selected, from: point, vertex: middle + 1, inserts: true };
  }

  follow(gesture, point) {
    const { index, from, base, vertex, inserts } = gesture;
    if (vertex === undefined) return super.follow(gesture, point);
    const polygon = base[index];
    const points = inserts ? [...polygon.points.slice(0, vertex), this.middles(polygon)[vertex - 1], ...polygon.points.slice(vertex)] : polygon.points;
    this.vertex = vertex;
    return this.pull({ ...polygon, points }, point[0] - from[0], point[1] - from[1], this.view.size);
  }

  drop(point) {
    if (this.gesture && this.extent(this.follow(this.gesture, point)) < MIN_AREA_PX) {
      this.cancel();
      return this.editorApi.warn("Moved back: the polygon would have no area.");
    }
    return super.drop(point);
  }

  tap(point, event) {
    const { gesture } = this;
    if (gesture?.inserts) return super.drop(gesture.from);
    if (gesture?.vertex === undefined) return super.tap(point, event);
    this.gesture = null;
    this.vertex = gesture.vertex;
    return this.draw();
  }

  // ---- keys --------------------------------------------------------------------------------------------------------

  pressed(event) {
    const meaning = this.meaning(event);
    if (this.act(meaning)) return true;
    if (meaning === "point") this.nextPoint();
    else if (!this.open.length) return super.pressed(event);
    else if (meaning === "accept") this.complete();
    else if (event.key === "Escape") this.giveUp();
    else if (meaning === "delete") this.act("undo");
    else return super.pressed(event);
    this.draw();
    return true;
  }

  /** Undo and redo of points belong to the polygon while it is open. False for what is not its own. */
  act(action) {
    if (action === "undo" && this.open.length) {
      this.redoPoints.push(this.open.at(-1));
      this.open = this.open.slice(0, -1);
    } else if (action === "redo" && this.redoPoints.length) this.open = [...this.open, this.redoPoints.pop()];
    else if (action === "redo" && this.open.length) this.editorApi.say("Nothing to redo: the polygon is still open.");
    else {
      if (action === "undo") this.redoPoints = []; // what is undone now came before the polygon
      return false;
    }
    this.draw();
    return true;
  }

  nudge(by) {
    const flat = this.vertex !== null && this.extent(this.pull(this.shapes[this.selected], by.dx, by.dy, this.size)) < MIN_AREA_PX;
    if (!flat) return super.nudge(by);
    this.editorApi.warn("Not moved: the polygon would have no area.");
    return true;
  }

  giveUp() {
    this.open = [];
    this.redoPoints = [];
    this.editorApi.say("The open polygon is given up.");
  }

  /** With a point chosen the new one is a point: in the middle of the edge after it. */
  create() {
    const polygon = this.shapes[this.selected];
    if (this.open.length) return this.editorApi.warn(this.unfinished());
    if (this.vertex === null || !polygon || this.editorApi.readOnly) return super.create();
    this.flush();
    const points = polygon.points.toSpliced(this.vertex + 1, 0, this.middles(polygon)[this.vertex].map(roundToHundredths));
    this.vertex += 1;
    return this.step(this.with(this.selected, { ...polygon, points }), `point added, ${points.length} now`);
  }

  /** Through the points of the chosen polygon, and back to the whole of it. */
  nextPoint() {
    if (!this.shapes.length || this.open.length) return;
    if (this.selected < 0) this.choose(0);
    const { points } = this.shapes[this.selected];
    this.vertex = this.vertex === null ? 0 : this.vertex + 1 < points.length ? this.vertex + 1 : null;
    const pointWords = () => `point ${this.vertex + 1} of ${points.length}: ${points[this.vertex].map(oneDecimal).join(", ")}`;
    this.editorApi.say(this.vertex === null ? this.inWords(this.selected) : pointWords());
    this.draw();
  }

  /** Delete: the chosen point, or the polygon when no polygon would be left. */
  erase() {
    const polygon = this.shapes[this.selected];
    const points = polygon.points.filter((_, i) => i !== this.vertex);
    if (this.vertex === null || points.length < 3 || this.extent({ points }) < MIN_AREA_PX) return this.remove(this.selected);
    this.vertex = null;
    return this.step(this.with(this.selected, { ...polygon, points }), `point deleted, ${points.length} are left`);
  }
}

EDITORS.polygons = (editorApi) => new PolygonEditor(editorApi);

// Boxes: {label, x, y, width, height}, drawn by dragging, changed by eight handles.

import { boxBetween, clamp, clampToPicture, distance, MIN_SIDE_PX, oneDecimal, roundToHundredths } from "./geometry.js";
import { Outlines } from "./outlines.js";
import { EDITORS } from "./registry.js";
import { gripMark, haloOutline, shapeName, touchRadius } from "./shapes.js";

const BOX_GRIPS = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]]; // of width and height
const BOX_CURSORS = ["nwse", "ns", "nesw", "ew", "nwse", "ns", "nesw", "ew"];

class BoxEditor extends Outlines {
  get noun() {
    return "box";
  }

  get nouns() {
    return "boxes";
  }

  get actions() {
    return ["delete", "next", "previous", "new", "duplicate"];
  }

  get empty() {
    return "No boxes yet: drag across the picture from corner to corner.";
  }

  coordinates({ x, y, width, height }) {
    return `${oneDecimal(x)}, ${oneDecimal(y)} · ${oneDecimal(width)} × ${oneDecimal(height)}`;
  }

  extent({ width, height }) {
    return width * height;
  }

  corner({ x, y }) {
    return [x, y];
  }

  touches({ x, y, width, height }, [px, py], reach) {
    return px >= x - reach && px <= x + width + reach && py >= y - reach && py <= y + height + reach;
  }

  move(box, dx, dy, [width, height]) {
    const x = roundToHundredths(clamp(box.x + dx, 0, Math.max(0, width - box.width)));
    return { ...box, x, y: roundToHundredths(clamp(box.y + dy, 0, Math.max(0, height - box.height))) };
  }

  /** Alt and the arrows move the right and the bottom side. */
  resize(box, dx, dy, [width, height]) {
    const side = (start, length, by, most) => roundToHundredths(clamp(length + by, MIN_SIDE_PX, most - start));
    return { ...box, width: side(box.x, box.width, dx, width), height: side(box.y, box.height, dy, height) };
  }

  within([left, top, right, bottom]) {
    return boxBetween([left, top], [right, bottom], this.size);
  }

  outline({ x, y, width, height }, look) {
    return haloOutline("rect", { x, y, width, height }, look);
  }

  handle({ x, y, width, height }, grip) {
    const [across, down] = BOX_GRIPS[grip];
    return [x + across * width, y + down * height];
  }

  grips() {
    const box = this.shapes[this.selected];
    return box ? BOX_GRIPS.map((_, grip) => gripMark(this.handle(box, grip), this.view)) : [];
  }

  /** The handle of the selected box at a point; inside a small box there is room left to move it. */
  gripAt(point, reach) {
    const box = this.shapes[this.selected];
    if (!box) return -1;
    const near = this.touches(box, point, 0) ? Math.min(reach, box.width / 4, box.height / 4) : reach;
    const far = BOX_GRIPS.map((_, grip) => distance(point, this.handle(box, grip)));
    const grip = far.indexOf(Math.min(...far));
    return far[grip] <= near ? grip : -1;
  }

  grab(point, reach) {
    const grip = this.gripAt(point, reach);
    return grip < 0 ? null : { index: this.selected, from: point, grip };
  }

  begin(point) {
    return { index: this.shapes.length, from: clampToPicture(point, this.view.size), fresh: true };
  }

  busy() {
    return false;
  }

  follow(gesture, point) {
    const { index, grip, from, base, fresh } = gesture;
    if (fresh) return { label: this.editorApi.spec.names[this.current], ...boxBetween(from, point, this.view.size) };
    if (grip === undefined) return super.follow(gesture, point);
    const box = base[index];
    const [across, down] = BOX_GRIPS[grip];
    const pull = (start, length, share, by) => (share === 0.5 ? [start, start + length] : share === 0 ? [start + by, start + length] : [start, start + length + by]);
    const [ax, bx] = pull(box.x, box.width, across, point[0] - from[0]);
    const [ay, by] = pull(box.y, box.height, down, point[1] - from[1]);
    return { ...box, ...boxBetween([ax, ay], [bx, by], this.view.size) };
  }

  drop(point) {
    const { gesture } = this;
    const sides = gesture?.fresh ? clampToPicture(point, this.view.size).map((at, i) => Math.abs(at - gesture.from[i])) : [];
    if (!sides.some((side) => side < MIN_SIDE_PX)) return super.drop(point);
    this.cancel();
    return this.editorApi.warn("That box has no area: drag from one corner of the object to the opposite one.");
  }

  tapped(point, event) {
    const under = this.under(point, touchRadius(event, this.view));
    this.choose(under.length ? under[0] : -1);
  }

  hover(point, event) {
    if (this.editorApi.readOnly || event.shiftKey) return "grab";
    if (event.ctrlKey || event.metaKey) return "crosshair";
    const reach = touchRadius(event, this.view);
    const grip = this.gripAt(point, reach);
    if (grip >= 0) return `${BOX_CURSORS[grip]}-resize`;
    return this.under(point, reach).length ? "move" : "crosshair";
  }

  hint() {
    if (this.editorApi.readOnly) return "";
    if (this.shapes[this.selected]) return "Drag or arrows move it, Alt+arrows resize, Del deletes";
    return `Drag: new ${shapeName(this.editorApi.spec.names[this.current])} (over another box: Ctrl+drag)`;
  }
}

EDITORS.boxes = (editorApi) => new BoxEditor(editorApi);

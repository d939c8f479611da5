// Geometry of shapes and of the view they are drawn in.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  boxBetween, clamp, clampToPicture, distance, distanceToEdge, doubleArea, isInside, oneDecimal, roundToHundredths,
} from "../../../spin_nb/views/editors/geometry.js";
import { createCamera } from "../../../spin_nb/views/media/camera.js";

const SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4]];

test("a value stays between its limits", () => {
  assert.deepEqual([-1, 2, 9].map((value) => clamp(value, 0, 5)), [0, 2, 5]);
});

test("coordinates have hundredths of a pixel, words of them tenths", () => {
  assert.equal(roundToHundredths(1.23456), 1.23);
  assert.deepEqual([12.04, 3, 0.05].map(oneDecimal), ["12", "3", "0.1"]);
});

test("a point outside the picture is moved to its border", () => {
  assert.deepEqual(clampToPicture([-3, 7.126], [10, 20]), [0, 7.13]);
  assert.deepEqual(clampToPicture([11, 21], [10, 20]), [10, 20]);
});

test("a box is the same between whichever corners, inside the picture, and never without area", () => {
  const box = { x: 2, y: 3, width: 5, height: 4 };
  for (const [a, b] of [[[2, 3], [7, 7]], [[7, 7], [2, 3]], [[7, 3], [2, 7]]]) assert.deepEqual(boxBetween(a, b, [10, 10]), box);
  assert.deepEqual(boxBetween([-5, -5], [50, 50], [10, 8]), { x: 0, y: 0, width: 10, height: 8 });
  assert.deepEqual(boxBetween([10, 8], [10, 8], [10, 8]), { x: 9, y: 7, width: 1, height: 1 });
});

test("a point is as far from an edge as from the nearest of its points", () => {
  assert.equal(distance([0, 0], [3, 4]), 5);
  assert.equal(distanceToEdge([2, 5], [0, 0], [4, 0]), 5);
  assert.equal(distanceToEdge([7, 4], [0, 0], [4, 0]), 5);
  assert.equal(distanceToEdge([3, 4], [0, 0], [0, 0]), 5);
});

test("the area of a polygon has the sign of its sense, and is doubled", () => {
  assert.equal(doubleArea(SQUARE), 32);
  assert.equal(doubleArea([...SQUARE].reverse()), -32);
  assert.equal(doubleArea([[0, 0], [1, 1], [2, 2]]), 0);
});

test("a point is inside or not, in a dent too", () => {
  const dented = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
  assert.ok(isInside(SQUARE, [2, 3]));
  assert.ok(!isInside(SQUARE, [5, 3]));
  assert.ok(!isInside(dented, [2, 3]));
  assert.ok(isInside(dented, [0.5, 2]));
});

function camera(size, room) {
  const view = createCamera(size);
  view.resize(room);
  return view;
}

test("a picture is fitted into its view, centred, with a margin", () => {
  const { at, fitted } = camera([100, 50], [220, 220]);
  assert.equal(at.scale, 2);
  assert.deepEqual([at.x, at.y], [10, 60]);
  assert.ok(fitted());
});

test("what lies under a pointer stays there when the view is zoomed", () => {
  const view = camera([100, 100], [220, 220]);
  const before = view.image([150, 90]);
  view.zoom(3, [150, 90]);
  const after = view.image([150, 90]);
  before.forEach((coordinate, i) => assert.ok(Math.abs(coordinate - after[i]) < 1e-9));
});

test("a pixel of the original takes 48 pixels at most, and the fitted picture is the smallest", () => {
  const view = camera([1000, 1000], [520, 520]);
  view.zoom(1e9);
  assert.equal(view.at.scale, 48);
  view.zoom(1e-9);
  assert.ok(view.fitted());
  assert.equal(view.at.scale, 0.5);
});

test("a picture cannot be pushed out of its view", () => {
  const view = camera([100, 100], [220, 220]);
  view.zoom(4);
  view.pan(-1e6, 1e6);
  const [left, top] = view.image([0, 0]);
  const [right, bottom] = view.image([220, 220]);
  assert.ok(right > left && left < 100 && bottom > top && bottom > 0);
  assert.ok(view.image([110, 110]).every((coordinate) => coordinate >= 0 && coordinate <= 100));
});

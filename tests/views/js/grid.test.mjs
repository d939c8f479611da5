// Where rows are, which are marked, what a key does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newAnchor, stepOf } from "../../../spin_nb/views/grid/gestures.js";
import { newMarks, scopeOf } from "../../../spin_nb/views/grid/marks.js";
import { gridSizes, MAX_HEIGHT, placeOfRow, rowsIn, scrollMap } from "../../../spin_nb/views/grid/scroll.js";

const TILE = { width: 100, height: 94 };

const marksOf = (...rows) => {
  const marks = newMarks();
  marks.reorder(Uint32Array.from(rows), "a");
  return marks;
};

test("as many columns as fit, one at least, and rows for all", () => {
  assert.deepEqual(gridSizes(10, 330, TILE, 6), { n: 10, columns: 3, rows: 4, rowHeight: 100, total: 400, real: 400 });
  assert.equal(gridSizes(10, 20, TILE, 6).columns, 1);
  assert.equal(gridSizes(0, 330, TILE, 6).rows, 0);
  assert.equal(gridSizes(1_000_000, 330, TILE, 6).real, MAX_HEIGHT);
});

test("rows in a stretch, and those around it, never outside", () => {
  const sizes = gridSizes(100, 100, TILE, 6);
  assert.deepEqual(rowsIn(sizes, 250, 300), { first: 2, end: 6 });
  assert.deepEqual(rowsIn(sizes, 250, 300, 1000), { first: 0, end: 16 });
  assert.deepEqual(rowsIn(sizes, 9900, 300, 100), { first: 98, end: 100 });
});

test("a list that fits is scrolled as it is", () => {
  const map = scrollMap();
  map.resize({ total: 5000, real: 5000 }, 500);
  assert.equal(map.follow(1234), 1234);
  assert.equal(map.offset, 0);
  assert.equal(map.go(99999), 4500);
});

test("of a list too high for browsers every row can be reached, by steps and by jumps", () => {
  const map = scrollMap();
  const sizes = { total: 1e8, real: 8e6 };
  map.resize(sizes, 500);
  assert.equal(map.follow(100), 100, "a step of the wheel moves as far as it says");
  assert.equal(map.follow(200), 200);
  assert.ok(Math.abs(map.follow(4e6) - 5e7) < 1e4, "half of the bar is half of the list");
  const there = map.place;
  const top = map.settle();
  assert.equal(map.place, there, "where a hand rests nothing moves");
  assert.ok(Math.abs(map.follow(top + 90) - (there + 90)) < 1e-6);
  assert.equal(map.go(1e8), 8e6 - 500);
  assert.equal(map.place, 1e8 - 500, "the last row");
});

test("an element at its end, in a list that is not, is stuck until it settles", () => {
  const map = scrollMap();
  map.resize({ total: 1e8, real: 8e6 }, 500);
  map.go(1000);
  map.follow(0);
  assert.ok(map.isStuck());
  assert.ok(map.settle() > 0);
  assert.ok(!map.isStuck());
});

test("a row comes into view by the shortest way", () => {
  const sizes = gridSizes(100, 100, TILE, 6);
  assert.equal(placeOfRow(sizes, 3, 250, 400), 250);
  assert.equal(placeOfRow(sizes, 1, 250, 400), 100);
  assert.equal(placeOfRow(sizes, 9, 250, 400), 600);
});

test("marks stay with rows when they are sorted anew, and go where rows mean other items", () => {
  const marks = marksOf(5, 6, 7, 8);
  marks.toggle(1);
  marks.setRange(3, 2, true);
  assert.equal(marks.count, 3);
  assert.deepEqual(marks.ranges(), [[1, 4]]);
  marks.reorder(Uint32Array.from([8, 5, 7, 6]), "a");
  assert.deepEqual(marks.ranges(), [[0, 1], [2, 4]]);
  assert.deepEqual(marks.ranges(false), [[1, 2]]);
  marks.reorder(Uint32Array.from([8, 5]), "a");
  assert.equal(marks.count, 1);
  marks.reorder(Uint32Array.from([8, 5]), "b");
  assert.equal(marks.count, 0);
});

test("a decision is about the marked, the others or all", () => {
  const marks = marksOf(0, 1, 2, 3, 4);
  marks.setRange(1, 2, true);
  assert.deepEqual(scopeOf(marks, "marked"), { ranges: [[1, 3]], n: 2 });
  assert.deepEqual(scopeOf(marks, "others"), { ranges: [[0, 1], [3, 5]], n: 3 });
  assert.deepEqual(scopeOf(marks, "all"), { ranges: [[0, 5]], n: 5 });
  assert.deepEqual(scopeOf(marksOf(), "all"), { ranges: [], n: 0 });
});

test("a run that is made shorter again unmarks what it leaves", () => {
  const marks = marksOf(0, 1, 2, 3, 4);
  const anchor = newAnchor(marks);
  marks.toggle(1);
  anchor.set(1);
  anchor.extend(4);
  assert.equal(marks.count, 4);
  anchor.extend(2);
  assert.deepEqual(marks.ranges(), [[1, 3]]);
  anchor.extend(0);
  assert.deepEqual(marks.ranges(), [[0, 2]]);
});

test("keys step by one, a row, a page, or all", () => {
  assert.deepEqual(["ArrowLeft", "ArrowDown", "PageUp", "End", "x", "constructor"].map((key) => stepOf(key, 4, 3)), [-1, 4, -12, Infinity, 0, 0]);
});

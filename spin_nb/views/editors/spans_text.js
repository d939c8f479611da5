// A text with marked spans on screen. The page counts UTF-16 units, a label counts code points; both are kept apart
// here: `from`, `to` and "at" are units, `start` and `end` are code points.

import { h } from "../base/dom.js";
import { shortName } from "./choices.js";

const SPAN_PIECE = 4000; // units laid out together: what is not in sight of a long text costs nothing
const SPAN_LANES = 6; // underlines above one another; more share them

// ---- units and code points -------------------------------------------------------------------------------------------

function spanIsPair(text, at) {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}

/** Where to cut a long text: after a line, else after a word, never within a character. */
function spanCut(text, from) {
  if (text.length - from <= 1.5 * SPAN_PIECE) return text.length;
  const part = text.slice(from, from + SPAN_PIECE);
  const line = part.lastIndexOf("\n") + 1;
  if (line > SPAN_PIECE / 2) return from + line;
  const word = part.search(/\s\S*$/) + 1;
  if (word > SPAN_PIECE / 2) return from + word;
  let at = from + SPAN_PIECE;
  const joined = () => spanIsPair(text, at - 1) || /^[\p{M}\u200d\ufe0f]|^\p{Emoji_Modifier}/u.test(text.slice(at, at + 2)) || text[at - 1] === "\u200d";
  for (let i = 0; i < 64 && joined(); i++) at++;
  return at;
}

function spanCount(text, from, to) {
  let points = 0;
  for (let at = from; at < to; at++, points++) if (spanIsPair(text, at)) at++;
  return points;
}

/** Pieces of a text: [{from, to, start}], `start` the code points before it. */
export function spanPieces(text) {
  const pieces = [];
  for (let from = 0, start = 0; from < text.length; ) {
    const to = spanCut(text, from);
    pieces.push({ from, to, start });
    start += spanCount(text, from, to);
    from = to;
  }
  return pieces;
}

/** The last piece that begins at or before `at`, by `key` ("from" or "start"). */
function spanPieceAt(pieces, at, key) {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pieces[middle][key] <= at) low = middle;
    else high = middle - 1;
  }
  return pieces[low];
}

export function spanPoint(text, pieces, at) {
  const piece = spanPieceAt(pieces, at, "from");
  return piece.start + spanCount(text, piece.from, at);
}

export function spanUnit(text, pieces, point) {
  const piece = spanPieceAt(pieces, point, "start");
  let at = piece.from;
  for (let left = point - piece.start; left > 0 && at < piece.to; left--) at += spanIsPair(text, at) ? 2 : 1;
  return at;
}

/** Without the white space at both ends; null where nothing is left. */
export function spanTrimmed(text, from, to) {
  while (from < to && /\s/.test(text[from])) from++;
  while (to > from && /\s/.test(text[to - 1])) to--;
  return from < to ? { from, to } : null;
}

/** The word around `at` in units, null between words. */
export function spanWord(text, at) {
  const [from, to] = [Math.max(0, at - 200), Math.min(text.length, at + 200)];
  const words = new Intl.Segmenter(undefined, { granularity: "word" }).segment(text.slice(from, to));
  const word = [...words].find(({ index, segment }) => index + from <= at && at < index + from + segment.length);
  const segment = word?.segment ?? "";
  return segment.trim() ? { from: from + word.index, to: from + word.index + segment.length } : null;
}

/** The border between characters, as people see them, next to `at`. */
export function spanStep(text, at, forward) {
  const from = Math.max(0, at - 100);
  const near = text.slice(from, at + 100);
  const borders = [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(near)].map(({ index }) => index + from);
  borders.push(from + near.length);
  return (forward ? borders.find((border) => border > at) : borders.findLast((border) => border < at)) ?? at;
}

// ---- drawing -----------------------------------------------------------------------------------------------------------

/** Each span's underline: the first lane that is free where it begins, so that overlapping spans are stacked. */
export function spanLanes(marks) {
  const ends = [];
  const order = [...marks].sort((a, b) => a.from - b.from || b.to - a.to);
  for (const mark of order) {
    const free = ends.findIndex((end) => end <= mark.from);
    mark.lane = (free < 0 ? ends.length : free) % SPAN_LANES;
    ends[free < 0 ? ends.length : free] = mark.to;
  }
  return Math.min(SPAN_LANES, ends.length);
}

/** One run of text that the same spans cover. */
function spanRun(text, covering, lanes) {
  const run = h("span", { class: "spin-run" }, text);
  const inner = covering.reduce((a, b) => (b.to - b.from < a.to - a.from ? b : a));
  run.style.backgroundImage = covering.map(({ colour }) => `linear-gradient(${colour}, ${colour})`).join(", ");
  run.style.backgroundSize = covering.map(({ chosen }) => `100% ${chosen ? 4 : 3}px`).join(", ");
  run.style.backgroundPosition = covering.map(({ lane }) => `0 calc(100% - ${5 * (lanes - 1 - lane)}px)`).join(", ");
  const tone = covering.find(({ chosen }) => chosen) ?? inner;
  run.style.backgroundColor = `color-mix(in srgb, ${tone.colour} ${tone.chosen ? 34 : 14}%, transparent)`;
  return run;
}

function spanTag(mark) {
  const tag = h("span", { class: "spin-tag", dir: "auto" }, shortName(mark.label));
  tag.classList.toggle("spin-chosen", mark.chosen);
  tag.style.borderColor = mark.colour;
  return tag;
}

/** Fill one piece: runs of text, and each span's name after its end. `keep(node, at)` hears of every text node. */
function spanFill(element, text, piece, marks, lanes, keep) {
  const inside = (at) => Math.min(piece.to, Math.max(piece.from, at));
  const edges = [...new Set([piece.from, piece.to, ...marks.flatMap(({ from, to }) => [inside(from), inside(to)])])].sort((a, b) => a - b);
  const children = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const [from, to] = [edges[i], edges[i + 1]];
    const covering = marks.filter((mark) => mark.from <= from && to <= mark.to);
    const words = text.slice(from, to);
    const child = covering.length ? spanRun(words, covering, lanes) : document.createTextNode(words);
    keep(covering.length ? child.firstChild : child, from);
    children.push(child);
    for (const mark of marks.filter((each) => each.to === to)) {
      const tag = spanTag(mark);
      tag.dataset.index = mark.index;
      children.push(tag);
    }
  }
  element.replaceChildren(...children);
}

/** The text on screen: `draw(marks)` rewrites only pieces whose marks changed; true when it wrote any. */
export function spanPage(text) {
  const pieces = spanPieces(text);
  const begins = new WeakMap(); // text node -> units before it
  const long = pieces.length > 1 ? " spin-long" : "";
  const parts = pieces.map((piece) => ({ piece, lastMarks: null, nodes: [], element: h("div", { class: `spin-piece${long}`, dir: "auto" }) }));
  const element = h("div", { class: "spin-text spin-marked" }, ...parts.map((part) => part.element));
  const draw = (marks) => {
    const lanes = spanLanes(marks);
    element.style.setProperty("--spin-lanes", lanes);
    let wrote = false;
    for (const part of parts) {
      const { piece } = part;
      const mine = marks.filter(({ from, to }) => from < piece.to && to > piece.from);
      const now = JSON.stringify([mine, mine.length ? lanes : 0]);
      if (now === part.lastMarks) continue;
      Object.assign(part, { lastMarks: now, nodes: [] });
      wrote = true;
      spanFill(part.element, text, piece, mine, lanes, (node, at) => {
        begins.set(node, at);
        part.nodes.push({ node, at });
      });
    }
    return wrote;
  };
  /** Units before a place in the page, null outside of the text. */
  const unitAt = (node, offset) => {
    if (!node || !element.contains(node)) return null;
    if (begins.has(node)) return begins.get(node) + offset;
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, (each) => (begins.has(each) ? 1 : 3));
    const next = node.nodeType === 1 ? node.childNodes[offset] : node;
    walker.currentNode = next ?? node;
    if (next && begins.has(next)) return begins.get(next);
    let after = next ? walker.nextNode() : null;
    if (!next) do after = walker.nextNode(); while (after && node.contains(after));
    return after ? begins.get(after) : text.length;
  };
  /** The place in the page of `at`; where runs meet, at the end of the one before unless `forward`. */
  const placeOf = (at, forward = false) => {
    let part = parts[pieces.indexOf(spanPieceAt(pieces, at, "from"))];
    if (!forward && at === part.piece.from && at > 0) part = parts[parts.indexOf(part) - 1];
    const start = part.nodes.findLast((each) => (forward ? each.at <= at : each.at < at)) ?? part.nodes[0];
    return [start.node, at - start.at];
  };
  return { element, text, pieces, draw, unitAt, placeOf };
}

// A label's boxes, points and outlines over a small picture: only to be seen; editors/ change them.

import { h, svgElement } from "../base/dom.js";

const STYLE = { fill: "none", "vector-effect": "non-scaling-stroke", "stroke-linejoin": "round" };
const isNumber = (value) => Number.isFinite(value);
const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every(isNumber);

/** [tag, attributes] of every shape of a label that is one; what is none is left out. */
export function shapesOf(value) {
  if (Array.isArray(value)) return value.map(shapeOf).filter(Boolean);
  const points = Object.values(value ?? {}).filter(isPoint);
  return points.map(([x, y]) => ["path", { d: `M${x} ${y}h0`, "stroke-linecap": "round" }]);
}

function shapeOf(shape) {
  const { x, y, width, height, points } = shape ?? {};
  if ([x, y, width, height].every(isNumber)) return ["rect", { x, y, width, height }];
  if (Array.isArray(points) && points.every(isPoint)) return ["polygon", { points: points.map((point) => point.join(",")).join(" ") }];
  return null;
}

/** Shapes drawn over what fills the same place with `object-fit: contain`; null where there are none. */
export function labelShapes(value, size) {
  const shapes = shapesOf(value);
  if (!shapes.length || !Array.isArray(size)) return null;
  const svg = svgElement("svg", { class: "spin-label-shapes", viewBox: `0 0 ${Number(size[0])} ${Number(size[1])}`, "aria-hidden": "true" });
  for (const [tag, attributes] of shapes) {
    const isDot = tag === "path";
    svg.append(svgElement(tag, { ...STYLE, ...attributes, stroke: "#000", "stroke-opacity": 0.7, "stroke-width": isDot ? 9 : 4 }));
    svg.append(svgElement(tag, { ...STYLE, ...attributes, stroke: "#ffb000", "stroke-width": isDot ? 6 : 2 }));
  }
  return h("div", { class: "spin-label-layer" }, svg);
}

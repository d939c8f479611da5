// Geometry of shapes, in pixels of the original.

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const roundToHundredths = (value) => Math.round(value * 100) / 100;
export const distance = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);
export const oneDecimal = (value) => String(Number(value.toFixed(1)));

/** A point inside the picture. */
export function clampToPicture([x, y], [width, height]) {
  return [roundToHundredths(clamp(x, 0, width)), roundToHundredths(clamp(y, 0, height))];
}

export function distanceToEdge(point, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const along = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / (dx * dx + dy * dy || 1);
  const t = clamp(along, 0, 1);
  return distance(point, [a[0] + t * dx, a[1] + t * dy]);
}

/** Twice the signed area of a polygon. */
export function doubleArea(points) {
  return points.reduce((sum, [x, y], i) => {
    const [u, v] = points[(i + 1) % points.length];
    return sum + x * v - u * y;
  }, 0);
}

export function isInside(points, [x, y]) {
  return points.reduce((inside, [ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    return ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !inside : inside;
  }, false);
}

export const MIN_SIDE_PX = 1; // pixels of the original: a box has an area

/** The box between two corners, whichever is which, inside the picture. */
export function boxBetween([ax, ay], [bx, by], size) {
  const [[left, right], [top, bottom]] = [[ax, bx], [ay, by]].map((ends, i) => ends.map((end) => clamp(end, 0, size[i])).sort((a, b) => a - b));
  const x = roundToHundredths(Math.min(left, size[0] - MIN_SIDE_PX));
  const y = roundToHundredths(Math.min(top, size[1] - MIN_SIDE_PX));
  return { x, y, width: roundToHundredths(Math.max(MIN_SIDE_PX, right - x)), height: roundToHundredths(Math.max(MIN_SIDE_PX, bottom - y)) };
}

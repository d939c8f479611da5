// Where a picture lies in its view, and how far it is zoomed; no DOM.

const MARGIN_PX = 10; // CSS pixels kept free around a fitted picture: its border can be grasped
const MAX_PX_PER_PIXEL = 48; // CSS pixels that one original pixel may take

/** Where the picture lies in a view of `room` CSS pixels: its origin (x, y) and CSS pixels per original pixel. */
export function createCamera(size) {
  const at = { scale: 1, x: 0, y: 0, room: [0, 0] };
  const least = () => Math.max(1e-3, Math.min(...size.map((side, i) => (at.room[i] - 2 * MARGIN_PX) / side)));
  const fitted = () => at.scale <= least() * 1.001;
  // Fitted it is centred; zoomed in half the view, or the whole picture, stays covered.
  const settle = () => {
    ["x", "y"].forEach((axis, i) => {
      const [room, side] = [at.room[i], size[i] * at.scale];
      const keep = Math.min(side, room / 2);
      at[axis] = fitted() ? (room - side) / 2 : Math.min(room - keep, Math.max(keep - side, at[axis]));
    });
  };
  /** Around (x, y), which moves by (dx, dy). */
  const zoom = (factor, [x, y] = at.room.map((side) => side / 2), [dx, dy] = [0, 0]) => {
    const scale = Math.min(Math.max(at.scale * factor, least()), Math.max(MAX_PX_PER_PIXEL, 2 * least()));
    at.x = x + dx - ((x - at.x) * scale) / at.scale;
    at.y = y + dy - ((y - at.y) * scale) / at.scale;
    at.scale = scale;
    settle();
  };
  const pan = (dx, dy) => {
    at.x += dx;
    at.y += dy;
    settle();
  };
  const resize = (room) => {
    const whole = at.room[0] === 0 || fitted();
    const [dx, dy] = room.map((side, i) => (side - at.room[i]) / 2);
    at.room = room;
    pan(dx, dy);
    zoom(whole ? 0 : 1);
  };
  return { at, zoom, pan, fitted, resize, fit: () => zoom(0), image: ([x, y]) => [(x - at.x) / at.scale, (y - at.y) / at.scale] };
}

// Where a million rows are, in an element that browsers cannot make that high.

export const MAX_HEIGHT = 8e6; // CSS pixels; browsers end between 16 and 33 million, and round before

/** Columns and rows of `n` tiles in some width; sizes in CSS pixels, a gap between any two. */
export function gridSizes(n, width, tile, gap) {
  const columns = Math.max(1, Math.floor((width + gap) / (tile.width + gap)));
  const rows = Math.ceil(n / columns);
  const rowHeight = tile.height + gap;
  const total = rows * rowHeight;
  return { n, columns, rows, rowHeight, total, real: Math.min(total, MAX_HEIGHT) };
}

/** Rows from `first` to before `end` that lie in a stretch of `height` pixels from `top`, and `more` pixels around it. */
export function rowsIn({ rows, rowHeight }, top, height, more = 0) {
  const first = Math.max(0, Math.floor((top - more) / rowHeight));
  return { first: Math.min(first, rows), end: Math.min(rows, Math.ceil((top + height + more) / rowHeight)) };
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * What a scrolled element shows of a list higher than itself. Small steps move the list as much as the element; a far
 * jump (a dragged scroll bar) goes to the same share of both. Small steps add up: `settle()`, once the hand rests, says
 * where the element would have to be scrolled to. `offset` is what a place in the list is above its place in the element.
 */
export function scrollMap() {
  let sizes = { total: 0, real: 0 };
  let view = 1;
  let last = 0;
  let offset = 0;
  const most = () => Math.max(0, sizes.total - view);
  const mostReal = () => Math.max(0, sizes.real - view);
  const scale = () => (mostReal() ? most() / mostReal() : 1);
  const put = (top, place) => {
    last = top;
    offset = clamp(place, 0, most()) - top;
    return last + offset;
  };
  return {
    resize(newSizes, newView) {
      const place = last + offset;
      [sizes, view] = [newSizes, newView];
      return this.go(place);
    },
    /** The place in the list that `top` of the element shows. */
    follow(top) {
      if (sizes.total <= sizes.real) return put(top, top);
      const isStep = Math.abs(top - last) < 2 * view;
      return put(top, isStep ? top + offset : top * scale());
    },
    /** Show a place of the list; returns where the element is to be scrolled to. */
    go(place) {
      const there = clamp(place, 0, most());
      const top = sizes.total <= sizes.real ? there : there / scale();
      put(top, there);
      return top;
    },
    settle() {
      return this.go(last + offset);
    },
    /** Whether the element is at one of its ends, and the list is not. */
    isStuck() {
      const place = last + offset;
      return (last <= 0 && place > 0) || (last >= mostReal() && place < most());
    },
    get offset() {
      return offset;
    },
    get place() {
      return last + offset;
    },
  };
}

/** The place to show so that a row is in view: the same where it is. */
export function placeOfRow({ rowHeight }, row, place, height) {
  const top = row * rowHeight;
  if (top < place) return top;
  return top + rowHeight > place + height ? top + rowHeight - height : place;
}

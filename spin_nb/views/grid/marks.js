// Which items are marked: by the pool's rows, so that marks stay with their items when these are sorted anew.

/** Marks over an order (the row of each place). */
export function newMarks() {
  let order = new Uint32Array(0);
  let generation = null;
  let mask = new Uint8Array(0);
  let count = 0;
  const set = (place, isMarked) => {
    const row = order[place];
    count += Number(isMarked) - mask[row];
    mask[row] = Number(isMarked);
  };
  const setRange = (from, to, isMarked) => {
    const [first, last] = [Math.max(0, Math.min(from, to)), Math.min(order.length - 1, Math.max(from, to))];
    for (let place = first; place <= last; place++) set(place, isMarked);
  };
  return {
    /** Another order: what is in it stays marked, as long as rows mean the same items (`generation`). */
    reorder(newOrder, newGeneration) {
      const before = newGeneration === generation ? mask : new Uint8Array(0);
      order = newOrder;
      generation = newGeneration;
      mask = new Uint8Array(order.reduce((most, row) => Math.max(most, row), -1) + 1);
      count = 0;
      order.forEach((row, place) => before[row] && set(place, true));
    },
    has: (place) => mask[order[place]] === 1,
    toggle: (place) => set(place, mask[order[place]] !== 1),
    setRange,
    clear: () => setRange(0, order.length - 1, false),
    all: () => setRange(0, order.length - 1, true),
    /** Runs of places, [[from, to], ...], `to` left out: of the marked ones, or of the others. */
    ranges(isMarked = true) {
      const runs = [];
      let start = -1;
      for (let place = 0; place <= order.length; place++) {
        const isIn = place < order.length && (mask[order[place]] === 1) === isMarked;
        if (isIn && start < 0) start = place;
        if (!isIn && start >= 0) {
          runs.push([start, place]);
          start = -1;
        }
      }
      return runs;
    },
    get count() {
      return count;
    },
    get size() {
      return order.length;
    },
  };
}

/** What a decision is about: the marked, all others, or all; the places as runs, and how many they are. */
export function scopeOf(marks, scope) {
  if (scope === "all") return { ranges: marks.size ? [[0, marks.size]] : [], n: marks.size };
  const isMarked = scope === "marked";
  return { ranges: marks.ranges(isMarked), n: isMarked ? marks.count : marks.size - marks.count };
}

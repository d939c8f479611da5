// One item on screen: an image, a text or a table row. Data is hostile: it becomes pixels or text, never HTML.

const IMAGES = ["image/png", "image/jpeg"];

/** Decode ahead of time, so that showing the item later is one synchronous drawImage. */
async function decode(card, bytes) {
  if (!IMAGES.includes(card.mime)) return;
  try {
    if (!bytes) throw new Error("no picture came with the card");
    card.bitmap = await createImageBitmap(new Blob([bytes], { type: card.mime }));
  } catch {
    card.broken = true;
  }
}

function release(card) {
  card.bitmap?.close();
  card.bitmap = null;
}

function picture(card, className) {
  const { bitmap } = card;
  const canvas = h("canvas", { class: className, role: "img", "aria-label": `image ${card.id}` });
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.classList.toggle("spin-pixels", Math.max(bitmap.width, bitmap.height) <= 128);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas;
}

function tableRow(data) {
  const rows = Object.entries(data ?? {}).map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", { dir: "auto" }, String(value ?? ""))),
  );
  return h("table", { class: "spin-row" }, h("tbody", {}, ...rows));
}

function note(text) {
  return h("p", { class: "spin-note" }, text);
}

/** The large form of a card; never an empty box. */
function large(card) {
  if (card.bitmap) return picture(card, "spin-image");
  if (card.broken) return note("This item cannot be shown.");
  if (IMAGES.includes(card.mime)) return note("Loading the image…");
  if (card.mime === "application/json") return Object.keys(card.data ?? {}).length ? tableRow(card.data) : note("This row is empty.");
  const text = String(card.data ?? "");
  return text.trim() ? h("div", { class: "spin-text", dir: "auto" }, text) : note("This text is empty.");
}

/** The small form: a thumbnail, or the first `most` characters. */
function small(card, most = 40) {
  if (card.bitmap) return picture(card, "spin-thumb");
  const text = card.mime === "application/json" ? Object.values(card.data ?? {}).join(" · ") : card.data;
  return h("span", { class: "spin-snippet" }, String(text || card.id).slice(0, most));
}

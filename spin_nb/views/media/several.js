// Any item by its kind, and several things at once for one item: each part with its name, each its own medium.

/** The medium of a card or a part; a sentence where there is none, it is broken, or it fails: the others go on. */
function openMedium(card, kit) {
  if (card.broken) return { element: brokenNote(card) };
  if (!Object.hasOwn(MEDIA, card.mime)) return { element: note(`This kind of item is not known here: ${briefly(card.mime, 80) || "it has no name"}.`) };
  try {
    return MEDIA[card.mime](card, kit);
  } catch (error) {
    return { element: brokenNote({ broken: error.message }) };
  }
}

/** A part as a card of its own; frames are asked for by the item's id and the part's name. */
function partCard(card, part) {
  return { ...part, id: card.id, part: part.name };
}

function openPart(card, part, kit) {
  const name = briefly(part.name ?? "", 120) || "part";
  const medium = openMedium(partCard(card, part), kit);
  const head = h("div", { class: "spin-part-name" }, h("bdi", { title: name }, name));
  const element = h("section", { class: "spin-part", tabindex: "-1", role: "group", "aria-label": name }, head, h("div", { class: "spin-part-body" }, medium.element));
  return { element, key: medium.key, close: medium.close };
}

MEDIA["multipart/mixed"] = (card, kit) => {
  const parts = (card.parts ?? []).map((part) => openPart(card, part, kit));
  if (!parts.length) return { element: note("This item has no parts.") };
  const element = h("div", { class: "spin-medium spin-several" }, ...parts.map((part) => part.element));
  element.style.setProperty("--spin-parts", parts.length);
  /** To the part that has the focus, else to the first that uses the key. */
  const key = (event) => {
    const focused = parts.find((part) => part.element.contains(document.activeElement));
    return focused?.key?.(event) || parts.some((part) => part !== focused && part.key?.(event)) || false;
  };
  return { element, key, close: () => parts.forEach((part) => part.close?.()) };
};

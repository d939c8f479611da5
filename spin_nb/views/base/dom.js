// Elements and text: data never becomes HTML.

/** Element with properties and children; strings become text nodes, so data is never parsed as HTML. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Write text only where it changed: assistive technology reads every write to a live region. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Names can be a megabyte long; a plot shows their beginning. */
export function briefly(text, most = 60) {
  const words = String(text);
  return words.length > most ? `${words.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…` : words;
}

export function svgElement(tag, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

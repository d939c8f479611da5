// "+ New class": a name is typed, Enter adds it, and the item at hand can be labelled with it at once.

import { h, write } from "../base/dom.js";
import { keyOf } from "../base/keys.js";
import { nameShortcuts } from "../base/key_events.js";
import { focusLabeller, shortName } from "../editors/choices.js";

const MAX_CHARACTERS = 200;

/** How the class is given now: by its key, where it has one. */
function keyWords(labelQueue, name) {
  const key = keyOf(labelQueue.table, `class:${labelQueue.spec.names.indexOf(name)}`);
  return key ? `press ${key} to label with it` : "choose it to label with it";
}

/** A button, and the field it opens; nothing where names are fixed. */
export function newClassPart(labelQueue) {
  const sign = h("kbd");
  const field = h("input", {
    type: "text",
    class: "spin-field",
    "aria-label": "name of the new class; Enter adds it, Escape leaves it",
    placeholder: "Name, then Enter",
    maxlength: String(MAX_CHARACTERS),
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
    hidden: "",
  });
  const open = () => {
    field.hidden = false;
    button.setAttribute("aria-expanded", "true");
    field.focus();
  };
  const close = () => {
    field.value = "";
    button.setAttribute("aria-expanded", "false");
    focusLabeller(field); // before it is hidden, or the keyboard goes to the notebook
    field.hidden = true;
  };
  const button = h("button", { type: "button", "aria-expanded": "false", onclick: () => (field.hidden ? open() : close()) }, h("span", {}, "+ New class"), sign);
  const element = h("div", { class: "spin-new-class" }, button, field);
  const add = async () => {
    const name = field.value.trim();
    if (!name) return labelQueue.warn("Type the name of the new class first.");
    if (labelQueue.spec.names.includes(name)) {
      close();
      return labelQueue.say(`${shortName(name)} is a class already: ${keyWords(labelQueue, name)}.`);
    }
    field.disabled = true;
    try {
      const [reply] = await labelQueue.channel.ask("add_class", { name });
      field.disabled = false;
      if (reply.problem) {
        field.focus();
        return labelQueue.warn(`Not added: ${reply.problem.what} ${reply.problem.do}`);
      }
      close();
      labelQueue.model.set("spec", reply.spec); // the kernel may be busy, and tell it later
      return labelQueue.say(`Added ${shortName(reply.name)}: ${keyWords(labelQueue, reply.name)}.`);
    } catch {
      field.disabled = false;
      field.focus();
      return labelQueue.warn("Not added: the kernel does not answer.");
    }
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation(); // a digit in a name labels nothing
    if (event.isComposing || !(event.key === "Enter" || event.key === "Escape")) return;
    event.preventDefault();
    if (event.key === "Escape") close();
    else if (!event.repeat) add();
  });
  const draw = () => {
    element.hidden = !labelQueue.spec.names_may_change || labelQueue.readOnly;
    const key = keyOf(labelQueue.table, "add_class");
    write(sign, key);
    nameShortcuts(button, key);
  };
  return { element, draw, open: () => (element.hidden ? undefined : open()) };
}

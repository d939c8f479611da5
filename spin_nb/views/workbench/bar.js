// The workbench's top line. It says what Python says, and asks for training or its end.

import { channel } from "../base/channel.js";
import { h, write } from "../base/dom.js";
import { startAgain } from "../base/restart.js";

const PATIENCE = 60000; // milliseconds

function render({ model, el }) {
  const title = h("span", { class: "spin-title" });
  const status = h("span", { class: "spin-status", role: "status" });
  const doing = h("span", { class: "spin-doing" });
  const train = h("button", { type: "button" });
  const bar = h("div", { class: "spin-bar", role: "progressbar", "aria-label": "training", "aria-valuemin": "0", "aria-valuemax": "100" }, h("i"));
  const problem = h("div", { class: "spin-problem", role: "alert" });
  const line = h("div", { class: "spin-line" }, title, status, doing, train);
  el.append(h("div", { class: "spin-view spin-workbench", "data-lm-suppress-shortcuts": "true" }, line, bar, problem));
  const talk = channel(model, () => {});
  const draw = () => {
    write(title, model.get("title"));
    write(status, model.get("status"));
    write(problem, model.get("problem"));
    const running = model.get("running");
    const whole = Math.round(100 * model.get("fraction"));
    write(doing, model.get("doing"));
    write(train, running ? "Cancel" : "Train");
    train.title = running ? "the last model stays in place" : "train both heads on the labels so far";
    train.hidden = !model.get("trains"); // a model that follows the labels by itself
    train.disabled = !running && !model.get("ready");
    bar.classList.toggle("spin-idle", !running);
    bar.firstChild.style.width = `${whole}%`;
    bar.setAttribute("aria-valuenow", whole);
  };
  train.addEventListener("click", () => {
    // A busy cell answers late: the wait is the notebook's, not an error.
    try {
      talk.post(model.get("running") ? "cancel" : "train");
    } catch {
      write(problem, "The kernel was restarted: run this cell again.");
    }
  });
  // Map and plots wait for the labeller; should it never say that it is there, they come all the same.
  const patience = setTimeout(() => {
    try {
      talk.post("rest");
    } catch {
      // The kernel was restarted: there is nothing to come.
    }
  }, PATIENCE);
  model.on("change", draw);
  draw();
  return () => {
    clearTimeout(patience);
    model.off("change", draw);
    talk.close();
  };
}

export default { initialize: startAgain, render };

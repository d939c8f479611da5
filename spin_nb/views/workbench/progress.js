// A handle of background work: bar, words, a button that cancels, and what came of it.

import { channel } from "../base/channel.js";
import { h, write } from "../base/dom.js";
import { startAgain } from "../base/restart.js";

const ENDINGS = { done: "Done", cancelled: "Cancelled", failed: "Failed" };
const NOUNS = ["title", "status", "message", "report", "fraction"];

function renderProgress({ model, el }) {
  const title = h("span", { class: "spin-title" });
  const words = h("span", { class: "spin-words", role: "status" });
  const percent = h("span", { class: "spin-percent" });
  const bar = h("div", { class: "spin-bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, h("i"));
  const report = h("pre", { class: "spin-report" });
  const talk = channel(model, () => {});
  const button = h("button", { type: "button" }, "Cancel");
  button.addEventListener("click", async () => {
    button.disabled = true;
    write(button, "Cancelling…");
    try {
      const [reply] = await talk.ask("cancel");
      if (reply.problem) throw new Error(reply.problem.what);
    } catch (error) {
      write(button, "Cancel");
      write(words, `Could not be cancelled (${error.message}): has the kernel been restarted?`);
      button.disabled = false;
    }
  });
  const root = h(
    "section",
    { class: "spin-view spin-progress", "aria-label": "progress", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "spin-line" }, title, words, percent, button),
    bar,
    report,
  );
  const draw = () => {
    const status = model.get("status");
    const ended = status in ENDINGS;
    const whole = Math.round(100 * model.get("fraction"));
    root.dataset.status = status;
    write(title, model.get("title"));
    write(words, ended ? ENDINGS[status] : model.get("message"));
    write(percent, status === "running" ? `${whole} %` : "");
    bar.firstChild.style.width = `${whole}%`;
    bar.setAttribute("aria-valuenow", whole);
    bar.setAttribute("aria-label", model.get("title"));
    bar.hidden = ended;
    button.hidden = ended;
    write(report, model.get("report"));
    report.hidden = !model.get("report");
  };
  for (const noun of NOUNS) model.on(`change:${noun}`, draw);
  el.append(root);
  draw();
  return () => {
    for (const noun of NOUNS) model.off(`change:${noun}`, draw);
    talk.close();
  };
}

export default { initialize: startAgain, render: renderProgress };

// The workbench's top line. It says what Python says, and asks for training.

function render({ model, el }) {
  const title = h("span", { class: "spin-title" });
  const status = h("span", { class: "spin-status", role: "status" });
  const train = h("button", { type: "button", title: "train both heads on the labels so far" }, "Train");
  const problem = h("div", { class: "spin-problem", role: "alert" });
  const line = h("div", { class: "spin-line" }, title, status, train);
  el.append(h("div", { class: "spin-view spin-workbench", "data-lm-suppress-shortcuts": "true" }, line, problem));
  const talk = channel(model, () => {});
  const draw = () => {
    write(title, model.get("title"));
    write(status, model.get("status"));
    write(problem, model.get("problem"));
    train.disabled = !model.get("ready");
  };
  train.addEventListener("click", () => {
    // A busy cell answers late: the wait is the notebook's, not an error.
    try {
      talk.post("train");
    } catch {
      write(problem, "The kernel was restarted: run this cell again.");
    }
  });
  // A plot drawn in a hidden tab does not know its width until it is told that something was resized.
  const opened = (event) => {
    const page = el.closest(".spin-page");
    if (page?.contains(event.target) && event.target.closest("[role=tab]")) {
      setTimeout(() => window.dispatchEvent(new Event("resize")), 60);
    }
  };
  document.addEventListener("click", opened, true);
  model.on("change", draw);
  draw();
  return () => {
    document.removeEventListener("click", opened, true);
    model.off("change", draw);
    talk.close();
  };
}

export default { render };

// Shared by every view; put in front of the view's own script.

/** Element with properties and children; strings become text nodes, so data is never parsed as HTML. */
function h(tag, properties = {}, ...children) {
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
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Random id; crypto.randomUUID is missing on plain http hosts. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Calls with a reply, and pushes, over one model. `heard(message, buffers)` gets everything that answers no waiting call. */
function channel(model, heard) {
  const waiting = new Map();
  const overdue = new Map(); // of these, what tells that the answer is lost
  let calls = 0;
  const receive = (message, buffers) => {
    const settle = waiting.get(message?.reply);
    overdue.delete(message?.reply);
    waiting.delete(message?.reply);
    if (settle) settle(message, buffers ?? []);
    else heard(message ?? {}, buffers ?? []);
    for (const [call, lose] of overdue) if (call < message?.reply) lose();
  };
  model.on("msg:custom", receive);
  const post = (verb, fields = {}) => {
    const call = ++calls;
    model.send({ call, verb, ...fields });
    return call;
  };
  /** The answer to a call whose patience is over; rejects once a later call was answered: the kernel answers in order. */
  const tardy = (call) =>
    new Promise((resolve, reject) => {
      waiting.set(call, (message, buffers) => resolve([message, buffers]));
      overdue.set(call, () => {
        waiting.delete(call);
        overdue.delete(call);
        reject(Object.assign(new Error("no answer"), { late: true }));
      });
    });
  /**
   * Resolves to [message, buffers]; rejects when nothing can be sent (`gone`) or nothing comes back in time (`late`):
   * `answer` of that error is what comes after all.
   */
  const ask = (verb, fields = {}, patience = 15000) =>
    new Promise((resolve, reject) => {
      let call;
      try {
        call = post(verb, fields);
      } catch (error) {
        reject(Object.assign(error, { gone: true }));
        return;
      }
      const timer = setTimeout(() => {
        const answer = tardy(call);
        answer.catch(() => {}); // nobody need wait for it
        reject(Object.assign(new Error("no answer"), { late: true, answer }));
      }, patience);
      waiting.set(call, (message, buffers) => {
        clearTimeout(timer);
        resolve([message, buffers]);
      });
    });
  const close = () => model.off("msg:custom", receive);
  return { post, ask, close, last: () => calls, waits: (call) => waiting.has(call) };
}

/** The host's model behind the one that anywidget hands out: it tells who has changed. */
function hostModel(model) {
  let host = null;
  const take = (changed) => (host = changed);
  model.on("change:spin_probe", take);
  model.set("spin_probe", randomId());
  model.off("change:spin_probe", take);
  return host;
}

/**
 * For `initialize`: where the page was busy for two seconds, anywidget has given this model up and hands it nothing that
 * the kernel says. Hear it ourselves then, and ask for what was missed. Nobody may wait for this: anywidget takes
 * messages, and draws, only after `initialize`.
 */
function startAgain({ model }) {
  const host = hostModel(model);
  if (!host?.comm) return;
  host._handle_comm_msg({ content: { data: { method: "probe" } } }).catch(() => {
    const { _handle_comm_msg: hear } = Object.getPrototypeOf(Object.getPrototypeOf(host));
    host.comm.on_msg((message) => hear.call(host, message));
    host.comm.send({ method: "request_state" });
  });
}

// Calls to the kernel and their replies, over one model: {call, verb, ...} is answered by {reply, ...}, an error included;
// {push, ...} comes unasked.

/** Calls with a reply, and pushes, over one model. `listener(message, buffers)` gets everything that answers no waiting call. */
export function channel(model, listener) {
  const waiting = new Map();
  const overdue = new Map(); // of these, what tells that the answer is lost
  // Numbers begin anywhere: a reply reaches every page that shows this notebook, and this one also after it was reloaded.
  const before = Math.floor(Math.random() * 2 ** 32) * 2 ** 20;
  let calls = before;
  const receive = (message, buffers) => {
    const reply = message?.reply > before && message.reply <= calls ? message.reply : undefined;
    const settle = waiting.get(reply);
    overdue.delete(reply);
    waiting.delete(reply);
    if (settle) settle(message, buffers ?? []);
    else listener({ ...message, reply }, buffers ?? []);
    for (const [call, lose] of overdue) if (call < reply) lose();
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

// A model that anywidget has given up, heard again.

import { randomId } from "./random_id.js";

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
export function startAgain({ model }) {
  const host = hostModel(model);
  if (!host?.comm) return;
  host._handle_comm_msg({ content: { data: { method: "probe" } } }).catch(() => {
    const { _handle_comm_msg: hear } = Object.getPrototypeOf(Object.getPrototypeOf(host));
    host.comm.on_msg((message) => hear.call(host, message));
    host.comm.send({ method: "request_state" });
  });
}

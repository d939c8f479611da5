// Talking with a kernel that may be slow, or gone: an answer is taken however late it comes, and asked for again only
// where it is lost.

import { channel } from "../base/channel.js";

const PROBE_EVERY_MS = 15000;
const RETRY_AFTER_MS = 3000;
const UNGREETED = "No answer from the kernel yet; if it is idle, reload this page";

export class Conversation {
  /** `listener(message, buffers)` gets what answers no call. */
  constructor(queue, listener) {
    this.queue = queue;
    this.channel = channel(queue.model, listener);
    this.lost = false; // the last question could not leave this page
    this.retry = null; // timers
    this.probing = null;
    this.onHost = () => this.listen();
    queue.model.on("comm_live_update", this.onHost);
  }

  close() {
    clearTimeout(this.retry);
    clearTimeout(this.probing);
    this.queue.model.off("comm_live_update", this.onHost);
    this.channel.close();
  }

  /** The host says that the kernel came or went; an empty apply tells which. */
  listen() {
    try {
      this.channel.post("apply", { client: this.queue.outbox.pageLog.client, entries: [] });
    } catch {
      this.lost = true;
    }
    this.queue.draw();
  }

  /** What was asked for, however late it comes: to ask again would be answered after it, and later still. */
  async patiently(call) {
    try {
      return await call;
    } catch (error) {
      if (!error.answer) throw error;
      this.probe();
      return await error.answer.finally(() => clearTimeout(this.probing));
    }
  }

  /** Nothing has come for a while: an empty apply is answered after what is awaited, or tells that it is lost. */
  probe() {
    clearTimeout(this.probing);
    if (this.queue.closed) return;
    this.probing = setTimeout(() => this.probe(), PROBE_EVERY_MS);
    if (!this.queue.supply.isGreeted) this.queue.notice = UNGREETED;
    this.listen();
  }

  /** Ask again in a while; closed views stop asking. */
  later(action, error) {
    this.lost = Boolean(error.gone);
    this.queue.notice = error.gone ? null : error.message;
    if (error.late) this.queue.notice = this.queue.supply.isGreeted ? null : UNGREETED;
    this.after(RETRY_AFTER_MS, action);
    this.queue.draw();
  }

  /** Do it then, in the place of what was to be done later. */
  after(milliseconds, action) {
    clearTimeout(this.retry);
    if (!this.queue.closed) this.retry = setTimeout(action, milliseconds);
  }

  /** What was to be done later is done now. */
  now() {
    clearTimeout(this.retry);
  }
}

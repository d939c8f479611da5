// The rest of a page waits for the labeller: it tells once that its first item, or that there is none, is on screen.

export function tellSeen(labelQueue) {
  const { current } = labelQueue;
  const isThere = current ? current.decoded || current.broken : labelQueue.supply.isDry || (labelQueue.readOnly && labelQueue.supply.isGreeted);
  if (!isThere || labelQueue.isSeen) return;
  labelQueue.isSeen = true;
  const painted = document.hidden ? setTimeout : requestAnimationFrame;
  painted(() =>
    setTimeout(() => {
      try {
        labelQueue.channel.post("seen");
      } catch {
        labelQueue.isSeen = false; // the kernel is gone; the next one is told
      }
    }),
  );
}

// The rest of a page waits for the labeller: it tells once that its first item, or that there is none, is on screen.

export function tellSeen(desk) {
  const { current } = desk;
  const isThere = current ? current.decoded || current.broken : desk.dry || (desk.readOnly && desk.greeted);
  if (!isThere || desk.isSeen) return;
  desk.isSeen = true;
  const painted = document.hidden ? setTimeout : requestAnimationFrame;
  painted(() =>
    setTimeout(() => {
      try {
        desk.channel.post("seen");
      } catch {
        desk.isSeen = false; // the kernel is gone; the next one is told
      }
    }),
  );
}

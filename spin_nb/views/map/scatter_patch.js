
// Put behind jupyter-scatter's own script; the names used here are its own. Should one of them be called otherwise
// one day, nothing is changed: the map works, only slower and less calmly.
if (typeof JupyterScatterView !== "undefined" && JupyterScatterView.prototype.pointsHandler) {
  const Scatter = JupyterScatterView.prototype;
  const original = { render: Scatter.render, points: Scatter.pointsHandler, destroy: Scatter.destroy, height: Scatter.getHeight };

  // -- the newest points wait for their turn: regl-scatterplot refuses a drawing while another runs ("Ignoring draw
  // call"), and in a hidden browser tab one runs until the tab is shown: the map would keep an old state.
  Scatter.pointsHandler = function (points) {
    const wasWaiting = this.spinWaiting;
    this.spinWaiting = points;
    if (!wasWaiting) drawWhenFree(this);
  };
  const whenFree = (view, work) => {
    if (view.spinGone) return;
    if (!view.scatterplot || view.scatterplot.get("isDrawing")) setTimeout(() => whenFree(view, work), 30);
    else work();
  };
  const drawWhenFree = (view) =>
    whenFree(view, () => {
      const points = view.spinWaiting;
      view.spinWaiting = null;
      const hasNewCount = points.length !== view.scatterplot.get("points").length;
      original.points.call(view, points);
      // A different number of points makes it forget who lies on top.
      if (hasNewCount) setTimeout(() => whenFree(view, () => view.pointOrderHandler(view.model.get("point_order"))), 30);
    });

  // -- the person goes first: without a GPU a frame of the map keeps the page from painting anything else, so none is
  // drawn right after a key or a click elsewhere. What changed meanwhile is one drawing then.
  const CALM = 90; // milliseconds: the next item is painted by then
  const PATIENCE = 1000; // milliseconds the map waits at most
  const calmly = (view, draw) => {
    let since = null;
    return () => {
      const now = performance.now();
      since ??= now;
      if (now - view.spinActed < CALM && now - since < PATIENCE) return;
      since = null;
      draw();
    };
  };

  // -- a surface of the map's own, as large as the map. The one shared by all plots is as large as the window, and
  // every frame of it is computed and copied whole.
  const surface = (view) => {
    const renderer = createRenderer({ canvas: document.createElement("canvas") });
    const { render, onFrame } = renderer;
    renderer.render = (draw, target) => {
      const [width, height] = [Math.max(1, target.width), Math.max(1, target.height)];
      const { canvas } = renderer;
      const ratio = window.devicePixelRatio;
      if (canvas.width !== width || canvas.height !== height) {
        renderer.resize(width / ratio, height / ratio);
        renderer.regl.poll(); // else this drawing, often the last one, is cut to the size before
      }
      render(draw, target);
    };
    renderer.onFrame = (draw) => onFrame(calmly(view, draw));
    return renderer;
  };

  // -- the paper is the page's: it follows the theme at once, also while the kernel is busy or gone.
  Scatter.colorCanvas = function () {
    this.container.style.backgroundColor = "var(--jp-layout-color0, Canvas)";
  };

  // So are its buttons: they begin to listen only some time after render(), and would keep the paper of before.
  const BUTTONS = `.spin-map-buttons > [data-jss-theme] {
    background-color: var(--jp-layout-color0, Canvas) !important;
    --jss-bg: var(--jp-layout-color2); --jss-bg-hover: var(--jp-layout-color3); --jss-text: var(--jp-ui-font-color1);
    --jss-text-secondary: var(--jp-ui-font-color2); --jss-border: var(--jp-border-color1);
  }`;
  const dressButtons = (view) => {
    const style = document.createElement("style");
    style.textContent = BUTTONS;
    view.el.append(style);
    view.toolbarContainer?.classList.add("spin-map-buttons");
  };

  // -- between render() and the frame after it jupyter-scatter does not listen: what changes then is caught up with.
  const FOLLOWED = ["backgroundColor", "color", "size", "opacity", "points", "pointOrder"];
  const catchUp = (view) => {
    const missed = new Set();
    let ready = false;
    for (const name of FOLLOWED) view.model.on(`change:${camelToSnake(name)}`, () => ready || missed.add(name));
    return () => {
      ready = true;
      if (!view.scatterplot) return;
      for (const name of missed) {
        view[name] = view.model.get(camelToSnake(name));
        view[`${name}Handler`](view[name]);
      }
    };
  };

  // -- the panel beside the map tells of the point, no tooltip: what tooltips would say of each channel is not prepared.
  // Of half a state, as a page that was busy at the start may have it, that is an error, and the map stayed empty.
  for (const channel of ["X", "Y", "Color", "Opacity", "Size"]) Scatter[`create${channel}Getter`] = () => {};

  // -- as high as the screen lets it be, unless somebody said how high. The canvas fills its place: with a height of its
  // own it would keep that whatever the place becomes.
  const [LOWEST, HIGHEST, PART] = [340, 1000, 0.6]; // pixels, and of the window's height
  Scatter.getHeight = function () {
    const height = original.height.call(this);
    return height > 0 || height === "auto" ? height : Math.round(Math.min(HIGHEST, Math.max(LOWEST, PART * window.innerHeight)));
  };
  const place = (view) => {
    if (document.fullscreenElement) return;
    for (const box of [view.fullscreenContainer, view.container]) box.style.height = `${view.getHeight()}px`;
  };

  // -- the wheel scrolls the page, as it does everywhere; it zooms with Ctrl (or Command), or after a click into the map
  // until the pointer leaves it.
  const tameWheel = (view) => {
    let entered = false;
    const box = view.container;
    box.addEventListener("pointerdown", () => (entered = true), true);
    box.addEventListener("pointerleave", () => (entered = false));
    box.addEventListener("wheel", (event) => entered || event.ctrlKey || event.metaKey || event.stopPropagation(), { capture: true, passive: true });
  };

  // -- a drag begins where the pointer is. The camera learns where that is only with its frames, which come late on a
  // slow page: it would take the way from where the pointer was, at first a corner of the page, for part of the drag.
  const dragFromHere = (view) =>
    view.container.addEventListener(
      "mousedown",
      () => {
        const camera = view.scatterplot?.get("camera");
        if (camera?.tick()) camera.setView(camera.view); // what it was about to show is still to be drawn
      },
      true,
    );

  Scatter.render = function () {
    const shared = window.jupyterScatter;
    const use = (plots) => (window.jupyterScatter = plots);
    this.spinActed = -Infinity;
    this.spinHear = (event) => {
      if (!this.el.contains(event.target)) this.spinActed = performance.now();
    };
    for (const name of ["keydown", "click"]) window.addEventListener(name, this.spinHear, true);
    const caughtUp = catchUp(this);
    this.spinRenderer = surface(this);
    const options = { renderer: this.spinRenderer, versionLog: true };
    // It reads the shared surface at once and again in its own frame callback, which runs between these two.
    use(options);
    requestAnimationFrame(() => use(options));
    original.render.call(this);
    this.height = "auto";
    this.spinPlace = () => place(this);
    this.spinPlace();
    window.addEventListener("resize", this.spinPlace);
    tameWheel(this);
    dragFromHere(this);
    dressButtons(this);
    requestAnimationFrame(() => {
      use(shared);
      caughtUp();
    });
    use(shared);
  };

  Scatter.destroy = function () {
    this.spinGone = true;
    for (const name of ["keydown", "click"]) window.removeEventListener(name, this.spinHear, true);
    window.removeEventListener("resize", this.spinPlace);
    const answer = original.destroy.call(this);
    this.spinRenderer?.destroy();
    return answer;
  };
}


// Put behind jupyter-scatter's own script. regl-scatterplot refuses a drawing while another runs ("Ignoring draw
// call"), and in a hidden browser tab one runs until the tab is shown: the map would keep an old state. So the
// newest points wait for their turn. Should the class be called otherwise one day, nothing is changed.
if (typeof JupyterScatterView !== "undefined" && JupyterScatterView.prototype.pointsHandler) {
  const drawPoints = JupyterScatterView.prototype.pointsHandler;
  JupyterScatterView.prototype.pointsHandler = function (points) {
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
      const grown = points.length !== view.scatterplot.get("points").length;
      drawPoints.call(view, points);
      // A different number of points makes it forget who lies on top.
      if (grown) setTimeout(() => whenFree(view, () => view.pointOrderHandler(view.model.get("point_order"))), 30);
    });
  const destroy = JupyterScatterView.prototype.destroy;
  JupyterScatterView.prototype.destroy = function () {
    this.spinGone = true;
    return destroy.call(this);
  };
}

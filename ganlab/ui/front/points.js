// Points of a plot that stand for something: those of traces with `ids`. When the pointer comes to one, or an arrow key,
// the document gets an event "point" with its id.

const tell = id => document.dispatchEvent(new CustomEvent("point", { detail: id }));

// From left to right, and from the top down where they stand above each other.
const inOrder = plot => {
  const { xaxis, yaxis } = plot._fullLayout;
  const points = plot._fullData.flatMap(({ ids = [], x, y }, curveNumber) => [...ids].map((id, pointNumber) =>
    ({ id, curveNumber, pointNumber, left: xaxis.d2p(x[pointNumber]), top: yaxis.d2p(y[pointNumber]) })));
  return points.sort((one, other) => one.left - other.left || one.top - other.top);
};

export const tellPoints = plot => {
  let reached;
  plot.on("plotly_hover", ({ points: [{ data, pointNumber }] }) => {
    if (data.ids) tell(reached = data.ids[pointNumber]);
  });
  plot.addEventListener("keydown", event => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], points = inOrder(plot);
    if (!way || !points.length) return;
    event.preventDefault();
    const at = points.findIndex(({ id }) => id === reached) + way;
    const { id, curveNumber, pointNumber } = points[Math.min(Math.max(at, 0), points.length - 1)];
    reached = id;
    window.Plotly.Fx.hover(plot, [{ curveNumber, pointNumber }]);
    tell(id);
  });
  plot.addEventListener("blur", () => window.Plotly.Fx.unhover(plot));
};

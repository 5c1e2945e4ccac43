"use strict";
for (const figure of document.querySelectorAll(".histogram-figure")) {
  figure.addEventListener("change", (event) => {
    if (event.target.dataset.show) figure.dataset.show = event.target.dataset.show;
  });
}
for (const figure of document.querySelectorAll(".partition-figure")) {
  const view = figure.querySelector("svg.view");
  const regions = view.querySelector(".regions");
  const readout = figure.querySelector(".readout");
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  let order = null;
  let shown = null;
  // One listener for all polygons; their order is that of the data.
  const show = (target) => {
    if (target === shown || !target || target.parentNode !== regions) return;
    order = order || new Map(Array.from(regions.children, (path, k) => [path, k]));
    if (shown) shown.classList.remove("on");
    shown = target;
    target.classList.add("on");
    const [interior, walls, ...units] = data.regions[order.get(target)];
    const names = units.map((k) => data.units[k]).join(", ") || "none";
    readout.textContent = interior < 0
      ? "undecided: a half-space of this region could not be decided"
      : `${interior + walls} faces: ${interior} interior, ${walls} walls. Units: ${names}`;
  };
  regions.addEventListener("pointerover", (event) => show(event.target));
  regions.addEventListener("click", (event) => show(event.target));
  figure.addEventListener("change", (event) => {
    const layer = event.target.dataset.layer;
    if (layer === undefined) return;
    view.querySelector(`[data-layer="${layer}"]`).style.display = event.target.checked ? "" : "none";
  });
  const home = view.dataset.home.split(" ").map(Number);
  let box = home.slice();
  const apply = () => view.setAttribute("viewBox", box.join(" "));
  const zoom = (factor, x, y) => {
    const size = Math.min(home[2], box[2] * factor);
    const keep = (low, at, first) => Math.max(first, Math.min(first + home[2] - size, at - ((at - low) * size) / box[2]));
    box = [keep(box[0], x, home[0]), keep(box[1], y, home[1]), size, size];
    apply();
  };
  figure.addEventListener("click", (event) => {
    const action = event.target.dataset.zoom;
    const middle = [box[0] + box[2] / 2, box[1] + box[3] / 2];
    if (action === "in") zoom(0.6, ...middle);
    if (action === "out") zoom(1 / 0.6, ...middle);
    if (action === "home") zoom(home[2] / box[2], ...middle);
  });
  let drag = null;
  view.addEventListener("pointerdown", (event) => { drag = [event.clientX, event.clientY]; });
  window.addEventListener("pointerup", () => { drag = null; });
  view.addEventListener("pointermove", (event) => {
    if (!drag || box[2] === home[2]) return;
    const scale = box[2] / view.getBoundingClientRect().width;
    const move = (low, by, first) => Math.max(first, Math.min(first + home[2] - box[2], low - by * scale));
    box = [move(box[0], event.clientX - drag[0], home[0]), move(box[1], event.clientY - drag[1], home[1]), box[2], box[3]];
    drag = [event.clientX, event.clientY];
    apply();
  });
}

// Runs inside the page under test: uses it as a reader would and leaves what it saw in an attribute of <html>.
"use strict";
addEventListener("load", () => {
  const seen = { errors: window.polyauditErrors, resources: performance.getEntriesByType("resource").length };
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  seen.overflow = document.documentElement.scrollWidth - innerWidth;
  seen.charts = all("svg.chart:not(.key)").map((svg) => svg.querySelectorAll("text.title").length);
  const area = (a, b) =>
    Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  seen.overlaps = [];
  for (const svg of all("svg.chart:not(.key)")) {
    const texts = Array.from(svg.querySelectorAll("text")).map((t) => [t.textContent, t.getBoundingClientRect()]);
    const frame = svg.getBoundingClientRect();
    texts.forEach(([name, box], k) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) seen.overlaps.push(`${name} leaves its chart`);
      texts.slice(k + 1).forEach(([other, next]) => { if (area(box, next) > 2) seen.overlaps.push(`${name} / ${other}`); });
    });
  }
  seen.narrowestName = Math.min(...all("td.name:first-child").map((cell) => cell.getBoundingClientRect().width));
  const figure = document.querySelector(".histogram-figure");
  if (figure) {
    figure.querySelector("[data-show=total]").click();
    seen.interiorHidden = getComputedStyle(figure.querySelector("g.series.interior")).display;
    seen.totalShown = getComputedStyle(figure.querySelector("g.series.total")).display;
  }
  const partition = document.querySelector(".partition-figure");
  if (partition) {
    const view = partition.querySelector("svg.view");
    const paths = partition.querySelectorAll(".regions path");
    seen.polygons = paths.length;
    const began = performance.now();
    for (let k = 0; k < 100; k += 1) {
      const path = paths[Math.floor((k * paths.length) / 100)];
      path.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    }
    seen.hoverMilliseconds = performance.now() - began;
    paths[0].dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    seen.readout = partition.querySelector(".readout").textContent;
    seen.first = paths[0].getAttribute("class");
    partition.querySelector("input[data-layer='0']").click();
    seen.layerHidden = view.querySelector("[data-layer='0']").style.display;
    partition.querySelector("[data-zoom=in]").click();
    seen.zoomed = Number(view.getAttribute("viewBox").split(" ")[2]);
    partition.querySelector("[data-zoom=home]").click();
    seen.home = Number(view.getAttribute("viewBox").split(" ")[2]);
  }
  document.documentElement.dataset.seen = JSON.stringify(seen);
});

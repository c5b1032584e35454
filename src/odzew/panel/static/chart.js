// Draws the charts: stacked bars of messages by kind, from the data that stands in the page.
(() => {
  "use strict";
  const COLOURS = { eco: "#1c7ed6", nd: "#2f9e44", ndi: "#f08c00", pre: "#e8590c", mms: "#9c36b5", unclaimed: "#868e96" };
  const drawn = new WeakMap();

  function stacked(data) {
    const series = data.series.map((one) => one.values.slice());
    for (let i = series.length - 2; i >= 0; i--) series[i] = series[i].map((value, place) => value + series[i + 1][place]);
    return [data.steps, ...series];
  }

  function draw(area) {
    const data = JSON.parse(area.dataset.chart);
    if (drawn.has(area)) drawn.get(area).destroy();
    area.textContent = "";
    if (!data.series.length) {
      area.classList.add("chart-empty");
      return;
    }
    const style = getComputedStyle(document.body);
    const ink = style.color;
    const grid = "rgba(128, 140, 160, .3)";
    const zone = area.dataset.zone;
    const daily = Boolean(area.dataset.daily);
    const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
    const spell = new Intl.DateTimeFormat(language, daily ? { timeZone: zone, day: "numeric", month: "short" } : { timeZone: zone, hour: "2-digit", minute: "2-digit", day: "numeric", month: "short" });
    const short = new Intl.DateTimeFormat(language, daily ? { timeZone: zone, day: "numeric", month: "short" } : { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    const bars = uPlot.paths.bars({ size: [0.8, 40] });
    const plot = new uPlot({
      width: area.clientWidth, height: 220, cursor: { points: { show: false } }, legend: { live: true },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      scales: { x: { time: true }, y: { range: (self, low, high) => [0, Math.max(high, 4)] } },
      axes: [
        { stroke: ink, grid: { show: false }, ticks: { stroke: grid }, values: (self, places) => places.map((at) => short.format(at * 1000)) },
        { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6], size: 56 },
      ],
      series: [
        { value: (self, at) => (at === null ? "–" : spell.format(at * 1000)), label: area.dataset.time },
        ...data.series.map((one) => ({
          label: one.kind === "unclaimed" ? area.dataset.unclaimed : one.name, fill: COLOURS[one.kind], stroke: COLOURS[one.kind], width: 0, paths: bars, points: { show: false },
          value: (self, sum, which, place) => (place === null ? "–" : String(one.values[place])),
        })),
      ],
    }, stacked(data), area);
    drawn.set(area, plot);
  }

  const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
  all();
  let later = 0;
  addEventListener("resize", () => { clearTimeout(later); later = setTimeout(all, 150); });
  document.addEventListener("htmx:after:swap", all);
  new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
})();

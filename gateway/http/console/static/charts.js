// Draws each [data-chart] from the figures at its address, and again every 15 seconds.
"use strict";

const COLOURS = ["#0172ad", "#b3261e", "#7a4f01", "#1b6e32"];
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]];  // for who does not tell colours apart
const EVERY = 15000;

async function figures(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) return null;
  return answer.json();
}

function series(names) {
  const lines = names.map((name, number) => ({
    label: name.replaceAll("_", " "),
    stroke: COLOURS[number % COLOURS.length],
    dash: DASHES[number % DASHES.length],
    width: 2,
    points: { show: false },
  }));
  return [{ label: "from", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...lines];
}

async function draw(place) {
  const found = await figures(place.dataset.chart);
  if (!found) return;
  const values = [found.at, ...Object.values(found.lines)];
  if (place.plot) {
    place.plot.setData(values);
    return;
  }
  place.hidden = false;
  const size = () => ({ width: place.clientWidth, height: 220 });
  const options = {
    ...size(),
    series: series(Object.keys(found.lines)),
    axes: [{ values: "{HH}:{mm}" }, {}],
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), place.dataset.zone),
  };
  place.plot = new uPlot(options, values, place);
  new ResizeObserver(() => place.plot.setSize(size())).observe(place);
}

for (const place of document.querySelectorAll("[data-chart]")) {
  draw(place);
  setInterval(() => { if (!document.hidden) draw(place); }, EVERY);
}

// The live page: messages of the feed into a model, the model onto the page.

import { drawAlerts } from "./alerts.js";
import { Charts } from "./charts.js";
import { byId, make } from "./dom.js";
import { Feed } from "./feed.js";
import { ago, clock } from "./format.js";
import { drawGauges } from "./gauges.js";
import { heatMap } from "./heatmap.js";
import { Keys } from "./keys.js";
import { Model } from "./model.js";
import { drawOverview } from "./overview.js";

const SILENT_AFTER_MS = 10_000;
const SEARCH_PAUSE_MS = 250;

const model = new Model();
const keys = new Keys();
const charts = new Charts(byId("charts"), focus);
const heat = heatMap(focus);
let link = "waiting";
let span = null;
let drawn = false;

function focus(wanted) {
  keys.toggle(wanted);
  schedule();
}

// Messages may come faster than frames: each frame draws the newest state once.
function schedule() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => { drawn = false; draw(); });
}

function draw() {
  if (!model.about) return;
  if (span === null) chooseSpan(model.about.settings.range_ms);
  keys.choose(model, performance.now());
  drawOverview(byId("overview"), model);
  drawAlerts(byId("alerts"), model, focus);
  charts.draw(model, keys, span);
  drawGauges(byId("gauges"), byId("gauges-title"), model, focus);
  heat.draw(model, span);
  drawFrame();
}

function drawFrame() {
  const { pipeline } = model.about;
  byId("pipeline").textContent = pipeline.name;
  byId("description").textContent = pipeline.description;
  document.title = `${pipeline.name} – Tidegauge`;
  byId("trouble").textContent = model.overview.trouble;
  byId("trouble").hidden = !model.overview.trouble;
  const newest = model.newest();
  byId("newest").textContent = newest === null ? "No windows yet" : `Newest window ${clock(newest)}`;
  const { series, matching } = model.overview;
  const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);
  byId("shown").textContent = sum(matching) === sum(series) ? "" : `${sum(matching)} of ${sum(series)}`;
  document.documentElement.dataset.ready = "true";
}

function drawLink() {
  const counted = model.overview?.counted_ms ?? null;
  const silence = counted === null ? null : Date.now() - counted;
  const node = byId("link");
  const [state, text] = link === "away" ? ["away", "Connecting again"]
    : link === "waiting" ? ["waiting", "Connecting"]
      : silence === null ? ["waiting", "Waiting for the flow"]
        : silence > SILENT_AFTER_MS ? ["silent", `Silent for ${ago(silence)}`] : ["live", "Live"];
  if (node.textContent !== text) node.textContent = text;
  node.dataset.state = state;
}

function chooseSpan(wanted) {
  const inputs = [...document.querySelectorAll("#span input")];
  const fitting = inputs.find((input) => Number(input.value) >= wanted) ?? inputs.at(-1);
  fitting.checked = true;
  span = Number(fitting.value);
}

byId("span").addEventListener("change", (event) => { span = Number(event.target.value); schedule(); });
byId("find").addEventListener("submit", (event) => event.preventDefault());
let typing;
byId("search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => feed.request({ type: "filter", search: event.target.value }), SEARCH_PAUSE_MS);
});

function drawTheme() {
  const dark = document.documentElement.dataset.theme === "dark";
  const sun = "M10 3.2v-1.7M10 18.5v-1.7M3.2 10h-1.7M18.5 10h-1.7M5.2 5.2 4 4M16 16l-1.2-1.2M5.2 14.8 4 16M16 4l-1.2 1.2M13.4 10a3.4 3.4 0 1 1-6.8 0 3.4 3.4 0 0 1 6.8 0Z";
  const moon = "M16.6 12.2A7 7 0 0 1 7.8 3.4a7 7 0 1 0 8.8 8.8Z";
  byId("theme").replaceChildren(make("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true" },
    make("path", { d: dark ? sun : moon, fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" })));
}
byId("theme").addEventListener("click", () => window.theme.toggle());
window.theme.onChange(drawTheme);
window.theme.onChange(schedule);
drawTheme();

const feed = new Feed({
  onMessage(message) {
    if (message.type === "error") return;
    model.apply(message);
    schedule();
  },
  onState(state) { link = state; drawLink(); },
});
setInterval(drawLink, 1_000);

// For tests and for the curious.
window.tidegauge = { model, feed, charts, newestPlotted: () => charts.newestPlotted() };

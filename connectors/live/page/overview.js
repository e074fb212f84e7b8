// The figures at the top: what a person wants to know first.

import { make } from "./dom.js";
import { clock, compact, duration, whole } from "./format.js";
import { labelOf } from "./model.js";

const GRAVITIES = ["critical", "warning", "information"];

function figure(title, value, detail, extra = null, wide = false) {
  return make("div", { class: `card figure${wide ? " wide" : ""}` },
    make("h2", {}, title),
    typeof value === "string" ? make("strong", {}, value) : value,
    extra,
    make("p", { class: "quiet", title: detail }, detail));
}

function sparkline({ values }) {
  const shown = values.slice(-90);
  if (shown.length < 2) return null;
  const most = Math.max(...shown) || 1;
  const points = shown.map((value, index) =>
    `${((index / (shown.length - 1)) * 104).toFixed(1)} ${(32 - (value / most) * 30).toFixed(1)}`);
  const line = `M${points.join("L")}`;
  return make("svg", { viewBox: "0 0 104 34", "aria-hidden": "true", preserveAspectRatio: "none" },
    make("path", { d: `${line}L104 34L0 34Z`, fill: "var(--accent)", opacity: ".12" }),
    make("path", { d: line, fill: "none", stroke: "var(--accent)", "stroke-width": "1.6", "vector-effect": "non-scaling-stroke" }));
}

function levels(counts) {
  const pills = GRAVITIES.map((gravity) =>
    make("span", { class: "level", "data-gravity": gravity, "data-count": counts[gravity] },
      make("b", {}, whole(counts[gravity])), gravity === "information" ? "info" : gravity));
  return make("div", { class: "levels" }, ...pills);
}

export function drawOverview(node, model) {
  const { overview, rates } = model;
  const { latency, dead_letters: refused } = overview;
  const kinds = Object.entries(refused).sort(([, one], [, other]) => other - one);
  const dead = Math.max(overview.errors, kinds.reduce((sum, [, count]) => sum + count, 0));
  const newest = [...model.anomalies.values()].reduce(
    (last, found) => (last === null || found.time_ms > last.time_ms ? found : last), null);
  node.replaceChildren(
    figure("Events a second", compact(overview.events_per_second),
      `${whole(overview.events)} events, ${whole(overview.corrections)} came late`, sparkline(rates)),
    figure("Active alerts", levels(overview.alerts),
      overview.alerts.pending ? `${overview.alerts.pending} pending` : "None pending", null, true),
    figure("Latency, median", latency.p50_ms === null ? "–" : duration(latency.p50_ms),
      latency.p99_ms === null ? "No results yet" : `99 % below ${duration(latency.p99_ms)}`),
    figure("Anomalies", whole(model.anomalies.size),
      newest ? `Newest: ${labelOf(newest.keys)} at ${clock(newest.time_ms)}` : "None found"),
    figure("Dead letters", whole(dead),
      kinds.map(([kind, count]) => `${kind.replaceAll("_", " ")} ${count}`).join(", ") || "None refused"));
}

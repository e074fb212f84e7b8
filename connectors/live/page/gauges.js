// Gauges: the newest values that are closest to their thresholds, or beyond them.

import { make } from "./dom.js";
import { format } from "./format.js";
import { severity } from "./model.js";

const SHOWN = 6;
const START = Math.PI * 0.86;
const SWEEP = Math.PI * 1.28;

function arc(radius, from, to) {
  const at = (part) => {
    const angle = START + SWEEP * part;
    return `${(80 + radius * Math.cos(angle)).toFixed(2)} ${(74 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${at(from)}A${radius} ${radius} 0 ${(to - from) * SWEEP > Math.PI ? 1 : 0} 1 ${at(to)}`;
}

function scaleOf(field, series) {
  const values = series.fields[field.name].filter((value) => value !== null);
  const { warning, critical } = field.thresholds;
  const bounds = [warning, critical].filter((value) => value !== undefined);
  let low = Math.min(0, ...values);
  let high = Math.max(...values, ...bounds.map((value) => value * 1.2));
  if (field.unit === "percentunit" && high <= 1 && high > 0.5) high = 1;
  if (high <= low) high = low + 1;
  return { low, high, part: (value) => Math.min(1, Math.max(0, (value - low) / (high - low))) };
}

const state = (grade) => (grade >= 2 ? "critical" : grade >= 1 ? "warning" : "accent");

function gauge({ field, series, value, grade }, onKeys) {
  const { low, high, part } = scaleOf(field, series);
  const { warning, critical } = field.thresholds;
  const rising = critical === undefined || warning === undefined || critical >= warning;
  const zones = [];
  const zone = (from, to, name) => to > from && zones.push(
    make("path", { d: arc(69, from, to), fill: "none", stroke: `var(--${name})`, "stroke-width": 3 }));
  if (rising) {
    if (warning !== undefined) zone(part(warning), critical === undefined ? 1 : part(critical), "warning");
    if (critical !== undefined) zone(part(critical), 1, "critical");
  } else {
    zone(part(critical), part(warning), "warning");
    zone(0, part(critical), "critical");
  }
  const [, number, unit] = /^(\S+)\s?(.*)$/.exec(format(value, field.unit));
  const title = `${series.label}: ${field.description || field.name}`;
  return make("button", { type: "button", class: "card gauge", onclick: () => onKeys(series.keys), title,
    style: "font: inherit; color: inherit; cursor: pointer" },
    make("svg", { viewBox: "0 0 160 116", role: "meter", "aria-label": title, "aria-valuemin": low, "aria-valuemax": high,
      "aria-valuenow": value, "aria-valuetext": format(value, field.unit) },
      make("path", { d: arc(58, 0, 1), fill: "none", stroke: "var(--raised)", "stroke-width": 13, "stroke-linecap": "round" }),
      make("path", { d: arc(58, 0, Math.max(0.004, part(value))), fill: "none", stroke: `var(--${state(grade)})`,
        "stroke-width": 13, "stroke-linecap": "round" }),
      ...zones,
      make("text", { x: 80, y: unit ? 78 : 84 }, number),
      make("text", { x: 80, y: 96, class: "unit" }, unit)),
    make("h3", {}, series.label),
    make("p", { class: "quiet" }, field.description || field.name));
}

export function drawGauges(node, title, model, onKeys) {
  const signals = model.about.signals;
  let fields = signals.flatMap((signal) =>
    signal.fields.filter((field) => Object.keys(field.thresholds).length).map((field) => ({ signal, field })));
  const declared = fields.length > 0;
  if (!declared) fields = signals.flatMap((signal) => signal.fields.slice(0, 1).map((field) => ({ signal, field })));
  title.textContent = declared ? "Closest to their thresholds" : "Newest values";
  const shown = fields.flatMap(({ signal, field }) => model.seriesOf(signal.name).map((series) => {
    const value = series.fields[field.name].at(-1);
    return { field, series, value, grade: severity(value, field.thresholds) };
  })).filter(({ value }) => value !== null && value !== undefined);
  if (declared) shown.sort((one, other) => other.grade - one.grade);
  node.replaceChildren(...(shown.length
    ? shown.slice(0, SHOWN).map((each) => gauge(each, onKeys))
    : [make("p", { class: "quiet" }, "No windows yet.")]));
}

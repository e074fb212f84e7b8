// The heat map: keys by time, in colours that know the thresholds.

import { byId, make } from "./dom.js";
import { clock, format } from "./format.js";
import { severity } from "./model.js";
import { axesOf, colour, figure, hideTip, labelBy, paint, showTip, timeLabels } from "./plot.js";

const MOST_COLUMNS = 90;
const ROW = 20;
// Where results come when the events want it.
const SOME_STEP_MS = 1000;

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function mixer(low, high) {
  const [from, to] = [channels(low), channels(high)];
  return (part) => `rgb(${from.map((value, index) => Math.round(value + (to[index] - value) * part)).join(",")})`;
}

export class HeatMap {
  constructor({ node, select, legend, onKeys }) {
    Object.assign(this, { node, select, legend, onKeys });
    node.addEventListener("mousemove", (event) => { this.mouse = { x: event.clientX, y: event.clientY }; }, true);
    select.addEventListener("change", () => this.draw(this.model, this.span));
    window.theme.onChange(() => this.plot && this.draw(this.model, this.span));
  }

  options(model) {
    const choices = model.about.signals.flatMap((signal) => signal.fields.map((field) => ({ signal, field })));
    const shape = JSON.stringify(choices);
    if (shape === this.shape) return;
    this.shape = shape;
    this.choices = choices;
    const several = model.about.signals.length > 1;
    this.select.replaceChildren(...choices.map(({ signal, field }, index) =>
      make("option", { value: index }, `${several ? `${signal.name}: ` : ""}${field.description || field.name}`)));
    const first = choices.findIndex(({ field }) => Object.keys(field.thresholds).length);
    this.select.value = String(Math.max(0, first));
  }

  build(rows) {
    this.rows = rows;
    this.xRange = new Bokeh.Range1d({ start: 0, end: 1 });
    this.yRange = new Bokeh.Range1d({ start: rows, end: 0 });
    this.plot = figure({ height: rows * ROW + 34, x_axis_type: "datetime", x_range: this.xRange, y_range: this.yRange });
    this.source = new Bokeh.ColumnDataSource({ data: { x: [], y: [], w: [], tint: [] } });
    this.plot.rect({ field: "x" }, { field: "y" }, { field: "w" }, { value: 0.86 },
      { source: this.source, fill_color: { field: "tint" }, line_color: null });
    for (const grid of this.plot.center) if ("grid_line_color" in grid) grid.visible = false;
    const [xAxis, yAxis] = axesOf(this.plot);
    timeLabels(xAxis, () => this.xRange.end - this.xRange.start);
    yAxis.ticker = new Bokeh.FixedTicker({ ticks: Array.from({ length: rows }, (_, index) => index + 0.5) });
    labelBy(yAxis, (at) => this.series[Math.floor(at)]?.label.slice(0, 24) ?? "");
    this.plot.on_event("mousemove", (event) => this.point(event));
    this.plot.on_event("mouseleave", () => hideTip(this));
    this.plot.on_event("tap", ({ y }) => this.series[Math.floor(y)] && this.onKeys(this.series[Math.floor(y)].keys));
    this.node.replaceChildren();
    Bokeh.Plotting.show(this.plot, this.node);
  }

  draw(model, span) {
    this.model = model;
    this.span = span;
    this.options(model);
    if (!this.choices.length) return;
    const { signal, field } = this.choices[Number(this.select.value)];
    this.series = model.seriesOf(signal.name);
    this.field = field;
    if (!this.series.length) return;
    const times = this.columns(signal);
    if (this.rows !== this.series.length) this.build(this.series.length);
    this.fill(times, signal);
    paint(this.plot);
  }

  columns(signal) {
    const newest = Math.max(...this.series.map(({ time }) => time.at(-1) ?? -Infinity));
    const step = signal.every_ms ?? SOME_STEP_MS;
    const first = Math.min(...this.series.map(({ time }) => time[0] ?? newest));
    const wanted = Math.ceil((newest - Math.max(first, this.span ? newest - this.span : first)) / step) + 1;
    // Several windows share a cell when there are more than fit.
    this.step = step * Math.max(1, Math.ceil(wanted / MOST_COLUMNS));
    const count = Math.ceil((wanted * step) / this.step);
    return { first: newest - (count - 1) * this.step, newest, count };
  }

  fill({ first, newest, count }) {
    const { thresholds, name } = this.field;
    this.cells = this.series.map((series) => {
      const cells = new Array(count).fill(null);
      series.time.forEach((time, index) => {
        const column = Math.ceil((time - first) / this.step - 1e-9);
        const value = series.fields[name][index];
        if (column < 0 || column >= count || value === null) return;
        const known = cells[column];
        if (known === null || severity(value, thresholds) >= severity(known, thresholds)) cells[column] = value;
      });
      return cells;
    });
    const calm = this.cells.flat().filter((value) => value !== null && severity(value, thresholds) < 1);
    const low = calm.reduce((least, value) => Math.min(least, value), Infinity);
    const high = calm.reduce((most, value) => Math.max(most, value), -Infinity);
    const ramp = mixer(colour("heat-low"), colour("heat-high"));
    const tintOf = (value) => {
      if (value === null) return colour("heat-none");
      const grade = severity(value, thresholds);
      if (grade >= 2 || (grade >= 1 && thresholds.warning === undefined)) return critical;
      return grade >= 1 ? warning : ramp(high > low ? (value - low) / (high - low) : 0.5);
    };
    const [critical, warning] = [colour("heat-critical"), colour("heat-warning")];
    const data = { x: [], y: [], w: [], tint: [] };
    this.cells.forEach((cells, row) => cells.forEach((value, column) => {
      data.x.push(first + (column - 0.5) * this.step);
      data.y.push(row + 0.5);
      data.w.push(this.step * 0.94);
      data.tint.push(tintOf(value));
    }));
    this.source.data = data;
    this.first = first;
    this.xRange.setv({ start: first - this.step, end: newest });
    this.tellScale(low, high);
  }

  tellScale(low, high) {
    const { thresholds, unit } = this.field;
    const parts = low <= high
      ? [make("span", {}, format(low, unit), make("i", { class: "ramp" }), format(high, unit))] : [];
    for (const name of ["warning", "critical"]) {
      if (thresholds[name] === undefined) continue;
      parts.push(make("span", {}, make("i", { style: `background: var(--heat-${name})` }), `${name} ${format(thresholds[name], unit)}`));
    }
    this.legend.replaceChildren(...parts);
  }

  point({ x, y }) {
    const series = this.series[Math.floor(y)];
    const column = Math.floor((x - this.first) / this.step) + 1;
    const value = this.cells[Math.floor(y)]?.[column];
    if (!series || !this.mouse || value === undefined) return hideTip(this);
    return showTip(this, this.mouse, series.label,
      [{ tint: "transparent", label: clock(this.first + column * this.step), value: format(value, this.field.unit), near: true }]);
  }
}

export const heatMap = (onKeys) => new HeatMap({ node: byId("heat"), select: byId("heat-field"), legend: byId("heat-legend"), onKeys });

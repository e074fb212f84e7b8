// Time series: a chart for each field; the keys that matter most in colour, the others behind them.

import { make } from "./dom.js";
import { clock, format } from "./format.js";
import { axesOf, colour, figure, hideTip, labelBy, paint, showTip, timeLabels } from "./plot.js";

export const COLOURED = 8;
const SOME_MS = 1_000;

function within(series, name, from) {
  let first = 0;
  if (from > -Infinity) {
    first = series.time.findIndex((time) => time >= from);
    if (first < 0) first = series.time.length;
  }
  return { x: series.time.slice(first), y: series.fields[name].slice(first).map((value) => value ?? NaN) };
}

class Chart {
  constructor(board, signal, field) {
    this.board = board;
    this.signal = signal;
    this.field = field;
    this.now = make("span", { class: "quiet" });
    this.holder = make("div", { class: "plot" });
    this.card = make("article", { class: "card chart" },
      make("header", {}, make("h3", {}, field.description || field.name), this.now), this.holder);
    this.xRange = new Bokeh.Range1d({ start: 0, end: 1 });
    this.yRange = new Bokeh.Range1d({ start: 0, end: 1 });
    this.build();
  }

  build() {
    const plot = this.plot = figure({ height: 190, x_axis_type: "datetime", x_range: this.xRange, y_range: this.yRange });
    const source = (data) => new Bokeh.ColumnDataSource({ data });
    this.context = source({ xs: [], ys: [] });
    this.contextLines = plot.multi_line({ field: "xs" }, { field: "ys" }, { source: this.context, line_width: 1 });
    this.slots = Array.from({ length: COLOURED }, () => {
      const data = source({ x: [], y: [] });
      return { data, line: plot.line({ field: "x" }, { field: "y" }, { source: data, line_width: 1.8, line_join: "round" }) };
    });
    this.marks = source({ x: [], y: [] });
    this.ring = plot.scatter({ field: "x" }, { field: "y" }, { source: this.marks, size: 7, line_width: 1.6 });
    this.knocks = source({ x: [], y: [] });
    this.flag = plot.scatter({ field: "x" }, { field: "y" }, { source: this.knocks, size: 8, marker: "inverted_triangle", line_color: null });
    this.spans = Object.entries(this.field.thresholds).map(([name, value]) => {
      const span = new Bokeh.Span({ location: value, dimension: "width", line_dash: [5, 4], line_width: 1.3 });
      plot.add_layout(span);
      return { name, span };
    });
    this.cursor = new Bokeh.Span({ location: null, dimension: "height", line_width: 1 });
    plot.add_layout(this.cursor);
    const [xAxis, yAxis] = axesOf(plot);
    timeLabels(xAxis, () => this.xRange.end - this.xRange.start);
    labelBy(yAxis, (value) => format(value, this.field.unit));
    xAxis.ticker.desired_num_ticks = 6;
    yAxis.ticker.desired_num_ticks = 4;
    plot.on_event("mousemove", (event) => this.point(event));
    plot.on_event("mouseleave", () => this.leave());
    this.holder.addEventListener("mousemove", (event) => { this.mouse = { x: event.clientX, y: event.clientY }; }, true);
    Bokeh.Plotting.show(plot, this.holder);
  }

  paint() {
    paint(this.plot);
    this.contextLines.glyph.line_color = colour("context");
    this.ring.glyph.setv({ line_color: colour("mark"), fill_color: colour("card") });
    this.flag.glyph.fill_color = colour("mark");
    this.cursor.line_color = colour("quiet");
    for (const { name, span } of this.spans) span.line_color = colour(name);
    this.slots.forEach(({ line }, index) => { line.glyph.line_color = colour(`s${index}`); });
  }

  draw(model, keys, from) {
    const name = this.field.name;
    const all = model.seriesOf(this.signal.name);
    const behind = all.filter((series) => !keys.slots.includes(series.id)).map((series) => within(series, name, from));
    this.context.data = { xs: behind.map(({ x }) => x), ys: behind.map(({ y }) => y) };
    this.series = this.slots.map((slot, index) => {
      const series = all.find(({ id }) => id === keys.slots[index]);
      slot.data.data = series ? within(series, name, from) : { x: [], y: [] };
      const focused = keys.focus === null || keys.focus === series?.id;
      slot.line.glyph.setv({ line_alpha: focused ? 1 : 0.22, line_width: keys.focus !== null && focused ? 2.6 : 1.8 });
      return series;
    });
    this.scale(behind);
    this.mark(model, keys, from);
    this.tellNow();
  }

  scale(behind) {
    let low = Infinity;
    let high = -Infinity;
    for (const ys of [...behind.map(({ y }) => y), ...this.slots.map(({ data }) => data.data.y)]) {
      for (const y of ys) if (!Number.isNaN(y)) { low = Math.min(low, y); high = Math.max(high, y); }
    }
    if (low > high) { low = 0; high = 1; }
    const span = high - low || Math.abs(high) || 1;
    for (const { span: { location } } of this.spans) {
      if (location > high && location < high + 0.7 * span) high = location;
      if (location < low && location > low - 0.7 * span) low = location;
    }
    const room = 0.07 * (high - low || span);
    this.yRange.setv({ start: low >= 0 && low - room < 0 ? 0 : low - room, end: high + 1.5 * room });
  }

  mark(model, keys, from) {
    const shown = new Set(model.seriesOf(this.signal.name).map(({ id }) => id));
    const found = model.marks(this.signal.name, this.field.name).filter(({ time_ms, id }) =>
      time_ms >= from && shown.has(id) && (keys.focus === null || keys.focus === id));
    const windows = found.filter(({ perEvent }) => !perEvent);
    this.marks.data = { x: windows.map(({ time_ms }) => time_ms), y: windows.map(({ value }) => value) };
    const events = found.filter(({ perEvent }) => perEvent);
    const top = this.yRange.end - 0.04 * (this.yRange.end - this.yRange.start);
    this.knocks.data = { x: events.map(({ time_ms }) => time_ms), y: events.map(() => top) };
    this.found = found;
  }

  tellNow() {
    const values = this.series.filter(Boolean).map((series) => series.fields[this.field.name].at(-1)).filter((value) => value !== null);
    this.now.textContent = values.length
      ? `${format(Math.min(...values), this.field.unit)} to ${format(Math.max(...values), this.field.unit)} now` : "";
  }

  point({ x, y }) {
    if (!this.mouse || !this.series) return;
    this.board.cursor(x);
    const { unit, name } = this.field;
    const rows = this.series.flatMap((series, index) => {
      if (!series) return [];
      let place = series.time.findIndex((time) => time >= x);
      if (place < 0) place = series.time.length - 1;
      else if (place > 0 && x - series.time[place - 1] < series.time[place] - x) place -= 1;
      const value = series.fields[name][place];
      return value === null ? [] : [{ tint: colour(`s${index}`), label: series.label, value: format(value, unit), time: series.time[place], off: Math.abs(value - y) }];
    });
    if (!rows.length) return;
    rows.reduce((one, other) => (one.off <= other.off ? one : other)).near = true;
    const pixel = (this.xRange.end - this.xRange.start) / (this.holder.clientWidth || 1);
    for (const found of this.found ?? []) {
      if (Math.abs(found.time_ms - x) > 8 * pixel) continue;
      rows.push({ tint: colour("mark"), label: `${found.anomaly.replaceAll("_", " ")} · ${Object.values(found.keys).join(" · ")}`, value: format(found.value, unit) });
    }
    showTip(this, this.mouse, clock(rows[0].time ?? x), rows);
  }

  leave() {
    this.board.cursor(null);
    hideTip(this);
  }

  newestPlotted() {
    const times = [...this.slots.map(({ data }) => data.data.x), ...this.context.data.xs].map((xs) => xs.at(-1)).filter((time) => time !== undefined);
    return times.length ? Math.max(...times) : null;
  }
}

export class Charts {
  constructor(node, onKeys) {
    this.node = node;
    this.onKeys = onKeys;
    this.charts = [];
    window.theme.onChange(() => this.paint());
  }

  // Charts are made once for a pipeline, and filled anew with every message.
  build(model) {
    const shape = JSON.stringify(model.about.signals);
    if (shape === this.shape) return;
    this.shape = shape;
    this.legends = new Map();
    this.charts = [];
    this.node.replaceChildren(...model.about.signals.map((signal) => {
      const legend = make("ul", { class: "keys", "aria-label": "Keys shown in colour" });
      legend.style.margin = legend.style.padding = 0;
      const count = make("span", { class: "quiet" });
      this.legends.set(signal.name, { legend, count });
      const charts = signal.fields.map((field) => new Chart(this, signal, field));
      this.charts.push(...charts);
      return make("section", { class: "signal", "aria-label": signal.name },
        make("header", {}, make("h2", {}, signal.description || signal.name), count),
        legend, make("div", { class: "grid" }, ...charts.map(({ card }) => card)));
    }));
    this.paint();
  }

  paint() {
    for (const chart of this.charts) chart.paint();
  }

  draw(model, keys, span) {
    this.build(model);
    const newest = model.newest();
    const from = span && newest !== null ? newest - span : -Infinity;
    if (newest !== null) {
      const first = Math.min(...[...model.series.values()].map(({ time }) => time[0] ?? newest));
      const start = Math.max(first, from);
      const end = newest + Math.max(SOME_MS, 0.01 * (newest - start));
      for (const chart of this.charts) chart.xRange.setv({ start, end });
    }
    for (const signal of model.about.signals) this.drawLegend(model, signal, keys.of(signal.name));
    for (const chart of this.charts) chart.draw(model, keys.of(chart.signal.name), from);
  }

  drawLegend(model, signal, keys) {
    const { legend, count } = this.legends.get(signal.name);
    const total = model.overview.series[signal.name];
    const all = model.seriesOf(signal.name);
    count.textContent = `${signal.kind}, ${all.length === total ? total : `${all.length} of ${total}`} ${total === 1 ? "series" : "series"}`;
    const chips = keys.slots.flatMap((id, index) => {
      const series = all.find((each) => each.id === id);
      if (!series) return [];
      const button = make("button", { type: "button", "aria-pressed": String(keys.focus === id), style: `--key: var(--s${index})`,
        onclick: () => this.onKeys(series.keys) }, make("i"), make("span", {}, series.label));
      return [make("li", {}, button)];
    });
    const rest = all.length - chips.length;
    if (rest > 0) chips.push(make("li", { class: "rest quiet" }, `and ${rest} more in grey`));
    legend.replaceChildren(...chips);
  }

  cursor(time) {
    for (const chart of this.charts) chart.cursor.location = time;
  }

  newestPlotted() {
    const times = this.charts.map((chart) => chart.newestPlotted()).filter((time) => time !== null);
    return times.length ? Math.max(...times) : null;
  }
}

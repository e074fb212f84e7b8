// What all plots have in common: a Bokeh figure in the colours of the theme, and one tooltip.

import { byId, make } from "./dom.js";
import { clock } from "./format.js";

const FONT = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

export const colour = (name) => window.theme.colour(name);

export function figure(options) {
  return Bokeh.Plotting.figure({
    sizing_mode: "stretch_width", toolbar_location: null, tools: "", min_border: 4, min_border_right: 10,
    background_fill_color: null, border_fill_color: null, outline_line_color: null, ...options,
  });
}

export const axesOf = (plot) => [...plot.below, ...plot.left];

export function paint(plot) {
  for (const axis of axesOf(plot)) {
    axis.setv({
      axis_line_color: null, major_tick_line_color: null, minor_tick_line_color: null,
      major_label_text_color: colour("quiet"), major_label_text_font: FONT, major_label_text_font_size: "11.5px",
    });
  }
  for (const grid of plot.center) if ("grid_line_color" in grid) grid.grid_line_color = colour("grid");
}

// Labels by a function of ours: a formatter in Bokeh's own language would have to be compiled.
export function labelBy(axis, label) {
  axis.formatter.doFormat = (ticks) => ticks.map(label);
}

export function timeLabels(axis, span) {
  labelBy(axis, (time) => clock(time, span() < 4 * 60_000));
}

let owner = null;

export function showTip(plot, place, title, rows) {
  owner = plot;
  const tip = byId("tip");
  tip.replaceChildren(make("b", {}, title), ...rows.map(({ tint, label, value, near }) =>
    make("div", { class: near ? "near" : false }, make("i", { style: `background:${tint}` }), make("span", {}, label), make("span", {}, value))));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(place.x + 16, innerWidth - width - 8)}px`;
  tip.style.top = `${Math.max(8, Math.min(place.y - height / 2, innerHeight - height - 8))}px`;
}

export function hideTip(plot) {
  if (owner === plot) byId("tip").hidden = true;
}

// The alerts: active ones first, the gravest and newest at the top.

import { make } from "./dom.js";
import { ago, clock } from "./format.js";
import { gravity, isActive, labelOf } from "./model.js";

const SHOWN = 60;
// The alert of events that say themselves how urgent they are.
const EVENT_LEVEL = "event_level";
const STATES = { firing: 0, pending: 1, resolved: 2, stale: 2, inactive: 2, ended: 2 };

function order(one, other) {
  return STATES[one.state] - STATES[other.state]
    || (isActive(one) ? other.level - one.level : 0)
    || other.time_ms - one.time_ms;
}

function row(alert, moment, onKeys) {
  const label = labelOf(alert.keys);
  const held = ago(alert.time_ms - alert.since_ms);
  const at = clock(alert.time_ms);
  const when = { firing: moment ? `at ${at}` : `for ${held}`, ended: `at ${at}`, pending: `pending ${held}`, stale: `silent, ended ${at}` }[alert.state] ?? `ended ${at}`;
  return make("li", { class: "alert", "data-state": alert.state, "data-gravity": gravity(alert.level) },
    make("span", { class: "badge", title: `Level ${alert.level}: ${gravity(alert.level)}` },
      make("span", { class: "unseen" }, `${alert.state}, level `), String(alert.level)),
    make("h3", {}, make("button", { type: "button", onclick: () => onKeys(alert.keys) }, `${alert.alert.replaceAll("_", " ")} · ${label}`)),
    make("time", { datetime: new Date(alert.time_ms).toISOString(), title: `since ${clock(alert.since_ms)}` }, when),
    make("p", { class: "quiet" }, alert.summary || ""));
}

export function drawAlerts(node, model, onKeys) {
  const alerts = [...model.alerts.values()].sort(order).slice(0, SHOWN);
  const moments = new Set([EVENT_LEVEL]);
  for (const rule of model.about.alert_rules) if (rule.moment) moments.add(rule.name);
  const top = node.scrollTop;
  node.replaceChildren(...(alerts.length
    ? alerts.map((alert) => row(alert, moments.has(alert.alert), onKeys))
    : [make("li", { class: "none" }, "Nothing to tell: no alert has fired.")]));
  node.scrollTop = top;
}

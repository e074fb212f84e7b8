// What the feed has told so far, bounded as the feed is.

const ANOMALIES_KEPT = 1_000;
const ENDED_KEPT = 60;

const collator = new Intl.Collator("en", { numeric: true });

export const labelOf = (keys) => Object.values(keys).join(" · ") || "all";
export const isActive = (alert) => alert.state === "firing" || alert.state === "pending";
export const byName = (one, other) => collator.compare(one, other);

const identity = (keys) => JSON.stringify(Object.entries(keys).sort());

export class Model {
  constructor() {
    this.about = null;
    this.series = new Map();
    this.alerts = new Map();
    this.anomalies = new Map();
    this.rates = { time_ms: [], values: [] };
  }

  apply(message) {
    if (message.type === "initial_state") {
      this.about = message;
      this.points = message.settings.points;
      this.series.clear();
      this.alerts.clear();
      this.anomalies.clear();
      this.rates = message.rates;
    }
    this.overview = message.overview;
    for (const number of message.removed ?? []) this.series.delete(number);
    for (const points of message.series ?? []) this.takePoints(points);
    for (const alert of message.alerts ?? []) {
      this.alerts.set(`${alert.alert} ${identity(alert.keys)}`, alert);
    }
    for (const found of message.anomalies ?? []) {
      this.anomalies.set(`${found.anomaly} ${found.time_ms} ${identity(found.keys)}`, found);
    }
    if (message.type === "update") this.takeRate();
    this.forget();
  }

  takePoints({ series: number, signal, keys, time_ms, fields, replace }) {
    let known = this.series.get(number);
    if (!known || replace) {
      known = { number, signal, keys, id: identity(keys), label: labelOf(keys), time: [], fields: {} };
      for (const name in fields) known.fields[name] = [];
      this.series.set(number, known);
    }
    time_ms.forEach((time, index) => {
      let place = known.time.length;
      while (place > 0 && known.time[place - 1] >= time) place -= 1;
      const same = known.time[place] === time ? 1 : 0;
      known.time.splice(place, same, time);
      for (const name in fields) known.fields[name].splice(place, same, fields[name][index]);
    });
    const excess = known.time.length - this.points;
    if (excess > 0) {
      known.time.splice(0, excess);
      for (const name in known.fields) known.fields[name].splice(0, excess);
    }
  }

  takeRate() {
    const { counted_ms, events_per_second } = this.overview;
    const { time_ms, values } = this.rates;
    if (counted_ms === null || counted_ms < (time_ms.at(-1) ?? 0) + 900) return;
    time_ms.push(counted_ms);
    values.push(events_per_second);
    if (time_ms.length > 300) { time_ms.shift(); values.shift(); }
  }

  forget() {
    while (this.anomalies.size > ANOMALIES_KEPT) this.anomalies.delete(this.anomalies.keys().next().value);
    const ended = [...this.alerts].filter(([, alert]) => !isActive(alert));
    ended.sort(([, one], [, other]) => one.time_ms - other.time_ms);
    for (const [key] of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT))) this.alerts.delete(key);
  }

  seriesOf(signal) {
    return [...this.series.values()]
      .filter((series) => series.signal === signal)
      .sort((one, other) => byName(one.label, other.label));
  }

  newest() {
    let newest = null;
    for (const series of this.series.values()) {
      const time = series.time.at(-1);
      if (time !== undefined && (newest === null || time > newest)) newest = time;
    }
    return newest;
  }

  // Anomalies to draw with a field; those of single events have no value on its scale.
  marks(signal, field) {
    const rules = new Map();
    for (const rule of this.about.anomaly_rules) {
      if (rule.marks.some((mark) => mark.signal === signal && mark.field === field)) rules.set(rule.name, rule);
    }
    return [...this.anomalies.values()]
      .filter((found) => rules.has(found.anomaly))
      .map((found) => ({ ...found, id: identity(found.keys), perEvent: rules.get(found.anomaly).per_event }));
  }
}

// The same measure as the server's: from 2 critical, from 1 worth a warning.
export function severity(value, { warning, critical }) {
  const first = warning ?? critical;
  if (first === undefined || value === null || value === undefined) return 0;
  const sign = critical !== undefined && critical < first ? -1 : 1;
  const step = critical !== undefined && critical !== first ? Math.abs(critical - first) : Math.abs(first) || 1;
  const beyond = (sign * (value - first)) / step + (warning === undefined ? 1 : 0);
  return beyond >= 0 ? 1 + beyond : 1 / (1 - beyond);
}

export const gravity = (level) => (level >= 8 ? "critical" : level >= 5 ? "warning" : "information");

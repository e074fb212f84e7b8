// Which keys are in colour, and which one is in focus; a colour stays with its key.

import { COLOURED } from "./charts.js";
import { isActive, severity } from "./model.js";

const identity = (keys) => JSON.stringify(Object.entries(keys).sort());

export class Keys {
  constructor() {
    this.slots = new Map();
    this.focus = null;
    this.ranked = -Infinity;
  }

  of(signal) {
    return { slots: this.slots.get(signal) ?? [], focus: this.focusIn(signal) };
  }

  focusIn(signal) {
    return this.focus !== null && (this.slots.get(signal) ?? []).includes(this.focus) ? this.focus : null;
  }

  toggle(keys) {
    const id = identity(keys);
    this.focus = this.focus === id ? null : id;
    this.ranked = -Infinity;
  }

  // Chosen anew once a refresh, not with every update, so that colours do not flicker.
  choose(model, now) {
    const gone = this.focus !== null && ![...model.series.values()].some(({ id }) => id === this.focus);
    if (gone) this.focus = null;
    const due = now >= this.ranked + model.about.settings.refresh_ms;
    for (const { name, fields } of model.about.signals) {
      const all = model.seriesOf(name);
      const known = this.slots.get(name) ?? [];
      if (!due && known.some(Boolean) && all.length <= COLOURED) continue;
      if (!due && known.filter(Boolean).length === COLOURED) continue;
      this.slots.set(name, this.assign(known, this.rank(model, all, fields)));
    }
    if (due) this.ranked = now;
  }

  rank(model, all, fields) {
    const levels = new Map();
    for (const alert of model.alerts.values()) {
      const id = identity(alert.keys);
      const active = isActive(alert) ? 1 : 0;
      levels.set(id, Math.max(levels.get(id) ?? 0, active * 100 + alert.level));
    }
    const grade = (series) => Math.max(0, ...fields.map(({ name, thresholds }) => severity(series.fields[name].at(-1), thresholds)));
    const score = (series) => (series.id === this.focus ? 1e6 : 0) + (levels.get(series.id) ?? 0) * 10 + grade(series);
    const scored = all.map((series) => ({ id: series.id, score: score(series) }));
    return scored.sort((one, other) => other.score - one.score).slice(0, COLOURED).map(({ id }) => id);
  }

  assign(known, wanted) {
    const slots = Array.from({ length: COLOURED }, (_, index) => (wanted.includes(known[index]) ? known[index] : null));
    for (const id of wanted) if (!slots.includes(id)) slots[slots.indexOf(null)] = id;
    return slots;
  }
}

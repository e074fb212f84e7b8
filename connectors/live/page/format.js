// Numbers with their units (Grafana's unit ids), times and durations.

const SUFFIXES = {
  celsius: " °C", fahrenheit: " °F", kelvin: " K", humidity: " %H", percent: " %",
  currencyEUR: " €", currencyUSD: " $", currencyGBP: " £",
  ns: " ns", µs: " µs", ms: " ms", s: " s", m: " min", h: " h", d: " d",
  cps: " /s", ops: " ops/s", reqps: " req/s", rps: " reads/s", wps: " writes/s", eps: " events/s",
  hertz: " Hz", rotrpm: " rpm", pressurebar: " bar", pressurembar: " mbar", pressurepa: " Pa",
  volt: " V", amp: " A", watt: " W", kwatt: " kW", watth: " Wh", kwatth: " kWh",
  lengthm: " m", lengthmm: " mm", lengthkm: " km", velocityms: " m/s", velocitykmh: " km/h",
  bytes: " B", decbytes: " B", Bps: " B/s", bps: " bit/s",
};

const numbers = new Map();

function number(value, digits) {
  if (!numbers.has(digits)) {
    numbers.set(digits, new Intl.NumberFormat("en", { maximumFractionDigits: digits }));
  }
  return numbers.get(digits).format(value);
}

function digitsFor(value) {
  const size = Math.abs(value);
  return size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
}

export function format(value, unit = "") {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (unit === "percentunit") return `${number(value * 100, digitsFor(value * 100))} %`;
  const prefix = unit.startsWith("prefix:") ? unit.slice(7) : "";
  const suffix = unit.startsWith("suffix:") ? ` ${unit.slice(7).trim()}` : SUFFIXES[unit] ?? "";
  return `${prefix}${compact(value)}${suffix}`;
}

export function compact(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${number(value / 1e9, 2)} G`;
  if (size >= 1e6) return `${number(value / 1e6, 2)} M`;
  if (size >= 1e5) return `${number(value / 1e3, 0)} k`;
  return number(value, digitsFor(value));
}

export const whole = (value) => number(value, 0);

export function clock(time_ms, seconds = true) {
  return new Date(time_ms).toISOString().slice(11, seconds ? 19 : 16);
}

export function ago(span_ms) {
  const seconds = Math.max(0, Math.round(span_ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function duration(span_ms) {
  if (span_ms < 1000) return `${whole(span_ms)} ms`;
  return ago(span_ms);
}

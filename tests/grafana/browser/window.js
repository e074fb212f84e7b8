// What Grafana's library wants of a browser when it is loaded.
const { GlobalWindow } = require("happy-dom");

const page = new GlobalWindow({ url: "http://localhost/" });
const wanted = ["document", "localStorage", "location", "navigator", "history", "addEventListener", "removeEventListener"];
for (const key of wanted) {
  const value = typeof page[key] === "function" ? page[key].bind(page) : page[key];
  Object.defineProperty(globalThis, key, { value, configurable: true, writable: true });
}
globalThis.window = globalThis;

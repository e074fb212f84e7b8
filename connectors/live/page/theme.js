// Light or dark: as the system has it, until a person chooses. Runs before the first paint.
(() => {
  const KEY = "tidegauge-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];

  function stored() {
    try { return localStorage.getItem(KEY); } catch { return null; }
  }

  function apply() {
    const dark = (stored() ?? (system.matches ? "dark" : "light")) === "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    for (const listener of listeners) listener();
  }

  window.theme = {
    toggle() {
      const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem(KEY, next); } catch { /* private mode: it lasts for this page */ }
      document.documentElement.dataset.theme = next;
      for (const listener of listeners) listener();
    },
    onChange(listener) { listeners.push(listener); },
    colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(); },
  };
  system.addEventListener("change", apply);
  apply();
})();

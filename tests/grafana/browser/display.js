// What Grafana shows of an answer in a panel, by its own library: texts, colours, links, and where
// states end. In: [{panel, frames, range}]. Out: of each the columns of every frame, and the single
// values.
require("./window");
const { readFileSync, writeFileSync } = require("fs");
const G = require("@grafana/data");

const STANDARD = ["unit", "mappings", "links", "noValue", "min", "max", "thresholds", "color", "displayName"];
const VARIABLE = /\${(\w+)(?:\.([^:^\}]+))?(?::([^\}]+))?}/g;
const theme = G.createTheme();

G.standardFieldConfigEditorRegistry.setInit(() => STANDARD.map((id) => property(id, id)));
G.standardTransformersRegistry.setInit(() =>
  [...new Set(Object.values(G.standardTransformers))].map((each) => ({
    id: each.id,
    name: each.name,
    transformation: each,
  })),
);

function property(id, path, isCustom = false) {
  const process = id === "displayName" ? G.displayNameOverrideProcessor : (value) => value;
  return { id, path, name: id, isCustom, process, settings: { expandTemplateVars: true }, shouldApply: () => true };
}

// The properties that a panel can have: the standard ones, and those of its own that it is given.
function registry({ fieldConfig }) {
  const overridden = fieldConfig.overrides.flatMap((override) => override.properties.map(({ id }) => id));
  const set = Object.keys(fieldConfig.defaults.custom ?? {}).map((key) => `custom.${key}`);
  const own = new Set([...overridden, ...set].filter((id) => id.startsWith("custom.")));
  const made = new G.FieldConfigOptionsRegistry();
  G.standardFieldConfigEditorRegistry.list().forEach((each) => made.register(each));
  own.forEach((id) => made.register(property(id, id.slice("custom.".length), true)));
  return made;
}

// Variables of links, put in as the library for dashboards does, which needs a whole browser.
function replaced(text, scoped, otherwise) {
  return text.replace(VARIABLE, (match, name, path, format = otherwise) => {
    if (name === "__url_time_range") {
      return "from=now-15m&to=now";
    }
    const value = found(scoped?.__dataContext?.value, name, path);
    return value === undefined ? match : encoded(value, format);
  });
}

function found(context, name, path) {
  if (context && name === "__value" && path === "raw") {
    return context.field.values[context.rowIndex];
  }
  if (context && name === "__field") {
    const [, label] = /^labels(?:\["(.*)"\])?$/.exec(path);
    const labels = context.field.labels ?? {};
    return label === undefined ? G.formatLabels(labels, "", true) : (labels[label] ?? "");
  }
  const place = /^fields\[(\d+)\]$/.exec(path ?? "");
  return context && name === "__data" && place ? String(G.getFieldDisplayValuesProxy(context)[place[1]]) : undefined;
}

function encoded(value, format) {
  if (value === null) {
    return "";
  }
  const encode = { percentencode: encodeURIComponent, uriencode: encodeURI }[format] ?? String;
  return encode(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function transformed(panel, frames) {
  return new Promise((resolve) =>
    G.transformDataFrame(panel.transformations ?? [], frames, { interpolate: String }).subscribe(resolve),
  );
}

function singles(panel, data) {
  const { reduceOptions } = panel.options;
  if (!reduceOptions) {
    return [];
  }
  const all = { data, theme, fieldConfig: panel.fieldConfig, reduceOptions, replaceVariables: replaced, timeZone: "utc" };
  return G.getFieldDisplayValues(all).map(({ display, getLinks, hasLinks }) => ({
    title: display.title ?? "",
    text: G.formattedValueToString(display),
    color: display.color,
    links: hasLinks ? getLinks().map((link) => link.href) : [],
  }));
}

function column(field, frame, data) {
  return {
    name: G.getFieldDisplayName(field, frame, data),
    values: field.values,
    texts: field.values.map((value) => G.formattedValueToString(field.display(value))),
    colors: field.values.map((value) => field.display(value).color),
    links: field.config.links?.length
      ? field.values.map((_, row) => field.getLinks({ valueRowIndex: row }).map((link) => link.href))
      : [],
  };
}

async function shown({ panel, frames, range }) {
  let data = G.applyFieldOverrides({
    data: await transformed(panel, frames.map(G.toDataFrame)),
    theme,
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: registry(panel),
    replaceVariables: replaced,
    timeZone: "utc",
  });
  const single = singles(panel, data);
  if (panel.type === "state-timeline") {
    const ends = { refFieldPseudoMin: range.from, refFieldPseudoMax: range.to };
    data = data.map((frame) => G.applyNullInsertThreshold({ frame, ...ends }));
  }
  return { single, frames: data.map((frame) => frame.fields.map((field) => column(field, frame, data))) };
}

const tasks = JSON.parse(readFileSync(0, "utf8"));
Promise.all(tasks.map(shown)).then((out) => writeFileSync(process.argv[2], JSON.stringify(out)));

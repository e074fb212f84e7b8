// A classic dashboard as Grafana's own types have it, panel by panel: JSON instead of enum members,
// options that may be left out, and our queries and overrides spelled out.
import type * as G from "@grafana/schema";
import type * as BarGauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as Gauge from "@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen";
import type * as HeatMap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as States from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Plain<T> = T extends string
  ? `${T}`
  : T extends ReadonlyArray<infer U>
    ? Plain<U>[]
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

interface InfluxDB {
  type: "influxdb";
  uid: "influxdb";
}

interface Query {
  datasource: InfluxDB;
  refId: string;
  query: string;
  rawQuery: true;
  resultFormat: "time_series" | "table";
  alias?: string;
}

interface Override {
  matcher: { id: "byName" | "byFrameRefID" | "byType"; options: string };
  properties: Array<
    | { id: "unit" | "displayName"; value: string }
    | { id: "mappings"; value: Plain<G.ValueMapping>[] }
    | { id: "links"; value: Array<{ title: string; url: string }> }
    | { id: "color"; value: Plain<G.FieldColor> }
    | { id: "custom.drawStyle"; value: Plain<G.GraphDrawStyle> }
    | { id: "custom.showPoints"; value: Plain<G.VisibilityMode> }
    | { id: "custom.pointSize" | "custom.width" | "custom.fillOpacity"; value: number }
    | { id: "custom.insertNulls"; value: number }
    | { id: "custom.lineStyle"; value: Plain<G.LineStyle> }
    | { id: "custom.spanNulls"; value: Plain<G.GraphFieldConfig["spanNulls"]> }
    | { id: "custom.hideFrom"; value: G.HideSeriesConfig }
    | { id: "custom.fillBelowTo"; value: G.GraphFieldConfig["fillBelowTo"] }
    | { id: "custom.cellOptions"; value: Plain<G.TableCellOptions> }
  >;
}

type Transformation =
  | { id: "joinByField"; options: { byField?: string; mode: "outer" | "inner" } }
  | {
      id: "calculateField";
      options: {
        mode: "reduceRow";
        reduce: { reducer: "sum" };
        replaceFields: boolean;
        alias: string;
      };
    }
  | {
      id: "groupBy";
      options: {
        fields: Record<string, { operation: "groupby" | "aggregate"; aggregations: string[] }>;
      };
    }
  | {
      id: "organize";
      options: {
        excludeByName: Record<string, boolean>;
        indexByName: Record<string, number>;
        renameByName: Record<string, string>;
      };
    }
  | {
      id: "convertFieldType";
      options: {
        fields: Record<string, never>;
        conversions: Array<{ targetField: string; destinationType: "number" | "string" | "time" }>;
      };
    };

type Defaults<Custom> = Omit<Plain<G.FieldConfig>, "custom" | "unit" | "links"> & {
  links?: Array<{ title: string; url: string }>;
  custom?: Partial<Plain<Custom>>;
};

type PanelOf<Type, Options, Custom, Unit = { unit: string }> = Omit<
  Plain<G.Panel>,
  "type" | "datasource" | "fieldConfig" | "options" | "targets" | "transformations"
> & {
  type: Type;
  id: number;
  title: string;
  description: string;
  interval: string;
  maxDataPoints: number;
  datasource: InfluxDB;
  targets: Query[];
  transformations?: Transformation[];
  options: Partial<Plain<Options>>;
  fieldConfig: { defaults: Defaults<Custom> & Unit; overrides: Override[] };
};

type Panel =
  | PanelOf<"timeseries", TimeSeries.Options, TimeSeries.FieldConfig>
  | PanelOf<"gauge", Gauge.Options, never>
  | PanelOf<"bargauge", BarGauge.Options, never>
  | PanelOf<"stat", Stat.Options, never>
  | PanelOf<"heatmap", HeatMap.Options, HeatMap.FieldConfig>
  | PanelOf<"state-timeline", States.Options, States.FieldConfig>
  | PanelOf<"table", Table.Options, Table.FieldConfig, { unit?: never }>;

type Row = Omit<Plain<G.RowPanel>, "panels"> & { panels: never[] };

type Variable = Omit<Plain<G.VariableModel>, "datasource" | "query"> &
  (
    | { type: "query"; datasource: InfluxDB; query: { query: string; refId: string } }
    | { type: "custom"; query: string }
  );

export type Classic = Omit<
  Plain<G.Dashboard>,
  | "panels" | "templating" | "annotations" | "links" | "refresh" | "schemaVersion" | "uid"
  | "description"
> & {
  links: Array<Omit<Plain<G.DashboardLink>, "placement">>;
  uid: string;
  description: string;
  refresh: string;
  schemaVersion: 42;
  panels: Array<Panel | Row>;
  templating: { list: Variable[] };
  annotations: { list?: never[] };
};

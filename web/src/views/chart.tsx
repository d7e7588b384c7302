// The chart of the chosen instrument: candles with volume, or the depth of its book. Both come when first shown.
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { CANDLE_SECONDS, type CandleSeconds } from "../preferences";
import type { ChartProps } from "./chart_props";
import { lazy } from "./lazy";
import { Panel, Segments } from "./panel";

const CandleChart = lazy<ChartProps>(() => import("./candle_chart").then((module) => module.CandleChart));
const DepthChart = lazy<ChartProps>(() => import("./depth_chart").then((module) => module.DepthChart));

const KINDS = [
  ["candles", "Candles"],
  ["depth", "Depth"],
] as const;
const LENGTHS: Record<CandleSeconds, string> = { 1: "1s", 5: "5s", 15: "15s", 60: "1m", 300: "5m", 3600: "1h" };

const kind = signal<(typeof KINDS)[number][0]>("candles");

export function ChartView({ screen, market }: ChartProps): VNode {
  const { preferences } = screen;
  const tools = (
    <>
      {kind.value === "candles" && (
        <Segments
          label="Length of a candle"
          value={preferences.candle.value}
          choices={CANDLE_SECONDS.map((seconds) => [seconds, LENGTHS[seconds]] as const)}
          choose={(seconds) => preferences.choose("candle", seconds)}
        />
      )}
      <Segments label="Kind of chart" value={kind.value} choices={KINDS} choose={(each) => (kind.value = each)} />
    </>
  );
  return (
    <Panel name="chart" title={market.symbol} tools={tools}>
      {kind.value === "candles" ? (
        <CandleChart key={market.symbol} screen={screen} market={market} />
      ) : (
        <DepthChart key={market.symbol} screen={screen} market={market} />
      )}
    </Panel>
  );
}

// Candles with volume on a canvas: the last bar lives, own fills are arrows, working orders are lines.
import { effect } from "@preact/signals";
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  LineStyle,
  type CandlestickData,
  type HistogramData,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Candle } from "../candles";
import type { FillRow } from "../history";
import { decimalsOfPrice } from "../instrument";
import type { Order } from "../protocol";
import type { ChartProps } from "./chart_props";
import { colours, type Colours } from "./colours";

export function CandleChart({ screen, market }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const drawing = new Drawing(element);
    const leave = [
      effect(() => {
        void [screen.preferences.theme.value, screen.preferences.palette.value];
        drawing.paint(colours());
        drawing.all(market.candles.bars);
      }),
      effect(() => {
        const instrument = market.instrument.value;
        if (instrument !== null) drawing.scale(decimalsOfPrice(instrument));
      }),
      effect(() => {
        void market.candlesChanged.value;
        const change = market.takeChange();
        if (change === "all") drawing.all(market.candles.bars);
        else if (change !== "none") drawing.from(market.candles.bars, change);
      }),
      effect(() => drawing.orders(market.own.value)),
      effect(() => {
        const fills = screen.history.fills.value.filter((fill) => fill.symbol === market.symbol && !fill.busted);
        drawing.fills(fills, screen.preferences.candle.value);
      }),
    ];
    return () => {
      for (const each of leave) each();
      drawing.remove();
    };
  }, [market]);
  return <div class="canvas" ref={place} role="img" aria-label={`Candles of ${market.symbol}; the trades are in time and sales`} />;
}

class Drawing {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volumes: ISeriesApi<"Histogram">;
  readonly #markers: ISeriesMarkersPluginApi<Time>;
  #lines: IPriceLine[] = [];
  #colours: Colours = colours();

  constructor(place: HTMLElement) {
    this.#chart = createChart(place, {
      autoSize: true,
      // Its notice would come with a style element, which the content security policy forbids; the help names its maker.
      layout: { attributionLogo: false, fontSize: 11, fontFamily: getComputedStyle(place).fontFamily },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 4, barSpacing: 7 },
      rightPriceScale: { scaleMargins: { top: 0.08, bottom: 0.22 } },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.#markers = createSeriesMarkers(this.#candles, []);
  }

  paint(shades: Colours): void {
    this.#colours = shades;
    this.#chart.applyOptions({
      layout: { background: { color: shades.ground }, textColor: shades.text },
      grid: { vertLines: { color: shades.line }, horzLines: { color: shades.line } },
      timeScale: { borderColor: shades.line },
      rightPriceScale: { borderColor: shades.line },
      crosshair: { vertLine: { labelBackgroundColor: shades.line }, horzLine: { labelBackgroundColor: shades.line } },
    });
    this.#candles.applyOptions({ upColor: shades.buy, wickUpColor: shades.buy, downColor: shades.sell, wickDownColor: shades.sell });
  }

  scale(decimals: number): void {
    this.#candles.applyOptions({ priceFormat: { type: "price", precision: decimals, minMove: 1 / 10 ** decimals } });
  }

  all(bars: readonly Candle[]): void {
    this.#candles.setData(bars.map(barOf));
    this.#volumes.setData(bars.map((bar) => this.#volumeOf(bar)));
  }

  from(bars: readonly Candle[], first: number): void {
    for (const bar of bars.slice(first)) {
      this.#candles.update(barOf(bar));
      this.#volumes.update(this.#volumeOf(bar));
    }
  }

  orders(own: readonly Order[]): void {
    for (const line of this.#lines) this.#candles.removePriceLine(line);
    this.#lines = own.flatMap((order) => {
      const price = order.price ?? order.stop_price;
      if (price === null) return [];
      const title = `${order.side === "buy" ? "Buy" : "Sell"} ${order.open_quantity}`;
      const color = order.side === "buy" ? this.#colours.buy : this.#colours.sell;
      const lineStyle = order.status === "pending_trigger" ? LineStyle.Dotted : LineStyle.Dashed;
      return [this.#candles.createPriceLine({ price: Number(price), color, title, lineStyle, lineWidth: 1, axisLabelVisible: true })];
    });
  }

  /** Marks stand on the bar that they happened in, oldest first as the library wants them. */
  fills(fills: readonly FillRow[], seconds: number): void {
    const marks = [...fills].reverse().map((fill): SeriesMarker<Time> => {
      const bought = fill.side === "buy";
      const time = (Math.floor(Date.parse(fill.time) / 1_000 / seconds) * seconds) as UTCTimestamp;
      return {
        time,
        position: bought ? "belowBar" : "aboveBar",
        shape: bought ? "arrowUp" : "arrowDown",
        color: this.#colours.accent,
        text: fill.quantity,
      };
    });
    this.#markers.setMarkers(marks);
  }

  remove(): void {
    this.#chart.remove();
  }

  #volumeOf(bar: Candle): HistogramData<Time> {
    const color = bar.close >= bar.open ? this.#colours.buyDepth : this.#colours.sellDepth;
    return { time: bar.start as UTCTimestamp, value: bar.volume, color };
  }
}

function barOf({ start, open, high, low, close }: Candle): CandlestickData<Time> {
  return { time: start as UTCTimestamp, open, high, low, close };
}

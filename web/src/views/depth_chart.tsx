// The depth of the book as two stairs on a canvas, drawn once a frame.
import { effect } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Curves } from "../depth";
import type { ChartProps } from "./chart_props";
import { colours, type Colours } from "./colours";

export function DepthChart({ screen, market }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let plot: uPlot | null = null;
    const leave = [
      effect(() => {
        void [screen.preferences.theme.value, screen.preferences.palette.value];
        plot?.destroy();
        plot = plotIn(element, colours(), market.curves.peek());
      }),
      effect(() => plot?.setData(dataOf(market.curves.value))),
    ];
    const observer = new ResizeObserver(() => plot?.setSize(sizeOf(element)));
    observer.observe(element);
    return () => {
      for (const each of leave) each();
      observer.disconnect();
      plot?.destroy();
    };
  }, [market]);
  return <div class="canvas" ref={place} role="img" aria-label={`Depth of ${market.symbol}; the numbers are in the ladder and the book`} />;
}

function plotIn(place: HTMLElement, shades: Colours, curves: Curves): uPlot {
  const axis = { stroke: shades.text, grid: { stroke: shades.line, width: 1 }, ticks: { stroke: shades.line, width: 1 } };
  const options: uPlot.Options = {
    ...sizeOf(place),
    scales: { x: { time: false } },
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    axes: [axis, { ...axis, side: 1, size: 64 }],
    series: [{}, stairs("Bids", shades.buy, shades.buyDepth, -1), stairs("Asks", shades.sell, shades.sellDepth, 1)],
  };
  return new uPlot(options, dataOf(curves), place);
}

function stairs(label: string, stroke: string, fill: string, align: 1 | -1): uPlot.Series {
  const paths = uPlot.paths.stepped?.({ align });
  return { label, stroke, fill, width: 1.5, points: { show: false }, ...(paths === undefined ? {} : { paths }) };
}

function dataOf({ prices, bids, asks }: Curves): uPlot.AlignedData {
  return [prices, bids, asks];
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: Math.max(place.clientWidth, 100), height: Math.max(place.clientHeight, 80) };
}

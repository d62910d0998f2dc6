import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { toClock } from "./when.tsx";

type Series = { name: string; colour: string; values: number[] };

type ChartProps = {
  /** Milliseconds since the epoch, one for each bar. Bars have equal distances. */
  times: number[];
  /** The unit after each sum in the legend. */
  unit?: string;
  /** Stacked: the first one is at the bottom. */
  series: Series[];
  /** Describes the chart to a screen reader. */
  label: string;
  /** Called when a bar is clicked. */
  onPick?: (index: number) => void;
};

/** Stacked bars over time. */
export default function Chart({ times, series, unit = "", label, onPick }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = box.current;
    if (!at) return;
    const quiet = getComputedStyle(at).color;
    const sums = times.map(() => 0);
    // The highest sum is drawn first, so that each bar covers the lower part of the bar behind it.
    const stacked = series
      .map(({ name, colour, values }) => {
        for (const [index, value] of values.entries()) sums[index] = (sums[index] ?? 0) + value;
        return { name, colour, sums: [...sums] };
      })
      .reverse();
    const chart = new uPlot(
      {
        width: at.clientWidth,
        padding: [8, 32, 0, 12],
        height: 180,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false } },
        scales: {
          x: { time: false, range: [-0.5, times.length - 0.5] },
          y: { range: (_, __, max) => [0, Math.max(4, max)] },
        },
        axes: [
          {
            stroke: quiet,
            grid: { show: false },
            incrs: [1, 2, 3, 4, 6, 12, 24, 48],
            space: 90,
            values: (_, places) =>
              places.map((place) => (times[place] === undefined ? "" : toClock(times[place]))),
          },
          { stroke: quiet, grid: { stroke: quiet, width: 0.2 }, size: 40 },
        ],
        series: [
          {},
          ...stacked.map(({ name, colour }) => ({
            label: name,
            fill: colour,
            stroke: colour,
            width: 0,
            points: { show: false },
            paths: uPlot.paths.bars?.({ size: [0.8, 60] }),
          })),
        ],
      },
      [times.map((_, index) => index), ...stacked.map(({ sums }) => sums)],
      at,
    );
    chart.over.addEventListener("click", () => {
      if (chart.cursor.idx != null) onPick?.(chart.cursor.idx);
    });
    const sized = new ResizeObserver(() => chart.setSize({ width: at.clientWidth, height: 180 }));
    sized.observe(at);
    return () => {
      sized.disconnect();
      chart.destroy();
    };
  }, [times, series]);
  return (
    <>
      <div ref={box} role="img" aria-label={label} class={onPick ? "chart pick" : "chart"} />
      <ul class="legend">
        {series.map(({ name, colour, values }) => (
          <li key={name}>
            <svg width="12" height="12" aria-hidden="true">
              <rect width="12" height="12" rx="2" fill={colour} />
            </svg>{" "}
            {name}: {Math.round(values.reduce((sum, value) => sum + value, 0) * 10) / 10}
            {unit}
          </li>
        ))}
      </ul>
    </>
  );
}

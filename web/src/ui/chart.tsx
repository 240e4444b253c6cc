/** A line chart with uPlot, in the page's own colours; its table twin is its caller's. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Line {
  label: string;
  values: readonly (number | null)[];
  tone: "ink" | "accent" | "soft" | "warm";
  dashed?: boolean;
  points?: boolean;
}

interface Props {
  label: string;
  x: readonly number[];
  lines: readonly Line[];
  /** Vertical marks. */
  marks?: readonly { at: number; label: string }[];
  zero?: boolean;
  height?: number;
  formatX?(value: number): string;
  formatY?(value: number): string;
}

const plain = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 2 }).replace("-", "−");

export function Chart({ label, x, lines, marks = [], zero, height = 260, formatX = plain, formatY = plain }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const host = place.current;
    if (!host) return;
    const draw = () => {
      drawn.current?.destroy();
      const options = optionsOf({ lines, marks, zero: zero === true, height, formatX, formatY }, host);
      drawn.current = new uPlot(options, [[...x], ...lines.map((line) => [...line.values])] as uPlot.AlignedData, host);
    };
    draw();
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    const sized = new ResizeObserver(() => drawn.current?.setSize({ width: host.clientWidth, height }));
    sized.observe(host);
    return () => {
      scheme.removeEventListener("change", draw);
      sized.disconnect();
      drawn.current?.destroy();
      drawn.current = undefined;
    };
  });
  return <div class="chart" role="img" aria-label={label} ref={place} />;
}

type Drawing = Required<Pick<Props, "lines" | "marks" | "zero" | "height" | "formatX" | "formatY">>;

function optionsOf(drawing: Drawing, host: HTMLElement): uPlot.Options {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${style.fontFamily}`;
  const axis = (format: (value: number) => string, size?: number): uPlot.Axis => ({
    stroke: colour("muted"),
    font,
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
    values: (_, ticks) => ticks.map(format),
    ...(size && { size }),
  });
  return {
    width: host.clientWidth || 320,
    height: drawing.height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: false } },
    padding: [18, 24, 0, 0],
    axes: [axis(drawing.formatX, 26), axis(drawing.formatY, 62)],
    series: [
      {},
      ...drawing.lines.map((line): uPlot.Series => ({
        label: line.label,
        stroke: colour(line.tone),
        width: line.tone === "soft" ? 1.5 : 2,
        points: { show: line.points === true, size: 6, fill: colour(line.tone) },
        ...(line.dashed && { dash: [5, 5] }),
      })),
    ],
    hooks: {
      drawAxes: [(plot) => drawing.zero && shade(plot, colour("gain-wash"), colour("loss-wash"))],
      draw: [(plot) => drawing.marks.forEach((mark, at) => rule(plot, mark, at, colour("muted"), font))],
    },
  };
}

/** Wash what is above nothing and what is below it. */
function shade(plot: uPlot, above: string, below: string): void {
  const { left, top, width, height } = plot.bbox;
  const zero = Math.min(top + height, Math.max(top, plot.valToPos(0, "y", true)));
  plot.ctx.save();
  plot.ctx.fillStyle = above;
  plot.ctx.fillRect(left, top, width, zero - top);
  plot.ctx.fillStyle = below;
  plot.ctx.fillRect(left, zero, width, top + height - zero);
  plot.ctx.restore();
}

function rule(plot: uPlot, mark: { at: number; label: string }, row: number, colour: string, font: string): void {
  const { ctx, bbox } = plot;
  const x = plot.valToPos(mark.at, "x", true);
  if (!(x >= bbox.left && x <= bbox.left + bbox.width)) return;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = font.replace(/^\d+/, (size) => String(Number(size) * ratio));
  const isLate = x + 6 * ratio + ctx.measureText(mark.label).width > bbox.left + bbox.width;
  ctx.textAlign = isLate ? "right" : "left";
  ctx.fillText(mark.label, x + (isLate ? -6 : 6) * ratio, bbox.top + [12 * ratio, bbox.height - 8 * ratio, 28 * ratio][row % 3]!);
  ctx.restore();
}

import type { ReactNode } from "react";

const WIDTH = 120;
const HEIGHT = 28;

/** An hour as a line: its shape, not its figures. */
export function Spark({
  values,
  className = "text-accent",
}: {
  values: readonly number[];
  className?: string;
}): ReactNode {
  if (values.length < 2) return <div className="h-7" />;
  const most = Math.max(1, ...values);
  const points = values.map(
    (value, index) => `${(index / (values.length - 1)) * WIDTH},${HEIGHT - 1 - (value / most) * (HEIGHT - 3)}`,
  );
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden
      className={`h-7 w-full ${className}`}
    >
      <polygon points={`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} fill="currentColor" opacity="0.12" />
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

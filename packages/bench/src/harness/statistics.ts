import type { Sample } from "./measurement.ts"

/** A median with the least and the greatest value. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

/** Summarises at least one value. */
export const spread = (values: ReadonlyArray<number>): Spread => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const median = Number.isInteger(middle)
    ? (sorted[middle - 1]! + sorted[middle]!) / 2
    : sorted[Math.floor(middle)]!
  return { median, least: sorted[0]!, greatest: sorted.at(-1)! }
}

/** Summarises something of samples. */
export const over = (samples: ReadonlyArray<Sample>, of: (sample: Sample) => number): Spread => spread(samples.map(of))

/** The ratio of two contestants, taken round by round: what the machine did meanwhile falls out. */
export const ratio = (
  samples: ReadonlyArray<Sample>,
  to: ReadonlyArray<Sample>,
  of: (sample: Sample) => number
): Spread => spread(samples.map((sample, round) => of(sample) / of(to[round]!)))

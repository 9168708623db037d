/** Builds datasets in memory. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Dataset, type DatasetFormat, Split } from "../../src/index.ts"
import type { Input, Point } from "../../src/Sample.ts"
import { MemoryOutput } from "../../src/testing/index.ts"

/** A dataset of these samples, all in `train` unless settings say otherwise. */
export const built = <Fields extends Schema.Struct.Fields>(
  format: DatasetFormat.DatasetFormat<Fields>,
  options: DatasetFormat.OptionsOf<Fields>,
  inputs: ReadonlyArray<Input>,
  settings: Partial<Dataset.Settings> = {}
) => {
  const out = MemoryOutput.make()
  const all = { split: Split.make({}), ...settings }
  return Effect.map(Dataset.build(format, options, Stream.fromArray(inputs), all, out), (summary) => ({ out, summary }))
}

/** The corners of an upright rectangle. */
export const box = (
  x0: number,
  y0: number,
  x1: number,
  y1: number
): ReadonlyArray<Point> => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]

/** A square on its corner, in an image that is twice as wide as high. */
export const diamond: ReadonlyArray<Point> = [[0.5, 0.3], [0.6, 0.5], [0.5, 0.7], [0.4, 0.5]]

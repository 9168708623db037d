/** A small mask for tests of formats. */
import * as Effect from "effect/Effect"
import type { Mask, Shape } from "../../src/Sample.ts"

export const maskOf = (
  width: number,
  height: number,
  entries: ReadonlyArray<Shape>,
  values: ReadonlyArray<number>
): Mask => ({ width, height, entries, hasStrays: false, read: Effect.sync(() => Uint16Array.from(values)) })

/**
 * Puts the points of landmarks into the fixed order that formats for keypoints need: by their labels, the same for all
 * samples.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { DatasetError } from "./DatasetError.ts"
import { byCodePoint } from "./internal/codePoints.ts"
import type { Sample, Shape } from "./Sample.ts"

/** A point in its place: 2 is visible, 0 is missing, and then x and y are 0. */
export type Keypoint = readonly [x: number, y: number, visibility: 0 | 2]

/** The order of keypoints. */
export interface Layout {
  /** In order: the names asked for, or the labels found. */
  readonly names: ReadonlyArray<string>
  /** The points of a landmark, one for each name. */
  readonly place: (shape: Shape) => ReadonlyArray<Keypoint>
}

/** Most keypoints. More are no skeleton, but labels that tell points apart in another way. */
const most = 1000

/** The labels of a landmark's points. Points without labels are numbered from 1. */
const labelsOf = (shape: Shape): ReadonlyArray<string> =>
  shape.points.map((_, index) => String(shape.pointLabels?.[index] ?? index + 1))

/** Where a label belongs: at the name that it equals, or, for a number that is no name, at that name from 1. */
const positions = (names: ReadonlyArray<string>) => {
  const at = new Map(names.map((name, index) => [name, index]))
  return (label: string): number | undefined => {
    const found = at.get(label)
    if (found !== undefined || !/^[1-9]\d{0,3}$/.test(label) || Number(label) > names.length) return found
    return Number(label) - 1
  }
}

const layout = (names: ReadonlyArray<string>): Layout => {
  const positionOf = positions(names)
  return {
    names,
    place: (shape) => {
      const placed = Array.from({ length: names.length }, (): Keypoint => [0, 0, 0])
      labelsOf(shape).forEach((label, index) => {
        const at = positionOf(label)
        if (at !== undefined) placed[at] = [...shape.points[index]!, 2]
      })
      return placed
    }
  }
}

/** Whether each point of a landmark has a place of its own: among these names, or, without names, by its label. */
export const fits = (shape: Shape, names?: ReadonlyArray<string>): boolean => {
  const labels = labelsOf(shape)
  const found: ReadonlyArray<string | number | undefined> = names === undefined ? labels : labels.map(positions(names))
  return !found.includes(undefined) && new Set(found).size === found.length
}

/**
 * The order of keypoints: the names, if there are any. Otherwise the labels of all landmarks, for which this reads all
 * samples: numbers from 1 (from 0, if there is a 0) to the largest, other labels by code point. Fails with `options` if
 * there are more than 1,000.
 */
export const layoutOf = (
  samples: Stream.Stream<Sample, DatasetError>,
  names?: ReadonlyArray<string>
): Effect.Effect<Layout, DatasetError> =>
  names !== undefined ? Effect.succeed(layout(names)) : Effect.suspend(() => {
    const labels = new Set<string>()
    const add = (sample: Sample) => {
      for (const shape of sample.shapes) {
        if (shape.type === "landmark" && labels.size <= most) labelsOf(shape).forEach((label) => labels.add(label))
      }
    }
    const read = Stream.runForEachArray(samples, (some) => Effect.sync(() => some.forEach(add)))
    return Effect.flatMap(read, () => labels.size > most ? tooMany : Effect.succeed(layout(ordered(labels))))
  })

const tooMany = new DatasetError({
  reason: "options",
  detail: `landmarks have more than ${most} labels of points: name the keypoints that you need in the option keypoints`
})

const ordered = (labels: ReadonlySet<string>): ReadonlyArray<string> => {
  const sorted = [...labels].sort(byCodePoint)
  if (!sorted.every((label) => /^(0|[1-9]\d{0,3})$/.test(label) && Number(label) <= most)) return sorted
  const from = labels.has("0") ? 0 : 1
  const to = sorted.reduce((largest, label) => Math.max(largest, Number(label)), 0)
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
}

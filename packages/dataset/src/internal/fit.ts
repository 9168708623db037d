/**
 * Fits a sample to a format: maps labels to classes, takes out what the format drops, moves points into the image, and
 * counts what that costs. Done here once, so that a format writes every shape that it gets, and counts nothing.
 */
import type * as Schema from "effect/Schema"
import type { DatasetFormat, Holds, OptionsOf } from "../DatasetFormat.ts"
import { clamp } from "../Geometry.ts"
import * as Loss from "../Loss.ts"
import type { Input, Shape } from "../Sample.ts"

/** What decides how samples are fitted. */
export interface Rules<Fields extends Schema.Struct.Fields> {
  readonly format: DatasetFormat<Fields>
  readonly options: OptionsOf<Fields>
  readonly holds: Holds
  /** Null if the label is dropped. */
  readonly classOf: (label: string) => string | null
  readonly empty: "keep" | "drop"
}

/** What is left of a sample; or why it is left out. */
export type Fitted =
  | (Pick<Input, "shapes" | "mask" | "points"> & { readonly leftOut: null })
  | { readonly leftOut: "size" | "empty" }
  | { readonly leftOut: "kind" | "refused"; readonly why: string }

/** All annotations of a sample. */
export const annotationsOf = (
  { mask, points, shapes }: Pick<Input, "mask" | "points" | "shapes">
): ReadonlyArray<Shape> =>
  mask === null && points === null
    ? shapes
    : [...shapes, ...mask?.entries ?? [], ...points?.entries ?? []].filter((shape) => shape !== null)

/** Fits one sample. Counts in `tally`, if one is given. */
export const fit = <Fields extends Schema.Struct.Fields>(
  input: Input,
  rules: Rules<Fields>,
  tally?: Loss.Tally
): Fitted => {
  const { empty, format, options } = rules
  const leaveOut = (leftOut: "kind" | "size" | "refused", why: string): Fitted => {
    const lost = Loss.dropped(why)
    tally?.add("sample", "", lost)
    loseAll(annotationsOf(input), lost, rules, tally)
    return { leftOut, why }
  }
  if (input.kind !== format.kind) return leaveOut("kind", `no place for a sample that is ${input.kind}`)
  if (format.needs.sizes && (input.width === null || input.height === null)) {
    return leaveOut("size", input.maskProblem ?? "the size of the image is not known")
  }
  const refused = format.refuses?.(input, options) ?? null
  if (refused !== null) return leaveOut("refused", refused)
  const fitted = (shape: Shape | null) => shape === null ? null : fitShape(shape, input, rules, tally)
  const shapes = input.shapes.map(fitted).filter((shape) => shape !== null)
  const mask = fitMask(input, rules, fitted, tally)
  const points = input.points === null ? null : withEntries(input.points, fitted)
  if (empty === "drop" && shapes.length === 0 && mask === null && points === null) {
    tally?.add("sample", "", Loss.dropped("nothing is left on it, and empty is drop"), "asked")
    return { leftOut: "empty" }
  }
  return { leftOut: null, shapes, mask, points }
}

/** The same with other entries; null where none is left. */
const withEntries = <Of extends { readonly entries: ReadonlyArray<Shape | null> }>(
  of: Of,
  fitted: (shape: Shape | null) => Shape | null
): Of | null => {
  const entries = of.entries.map(fitted)
  return entries.some((entry) => entry !== null) ? { ...of, entries } : null
}

const otherSize = Loss.dropped("its mask has another size than its image")

const fitMask = <Fields extends Schema.Struct.Fields>(
  { height, mask, width }: Input,
  rules: Rules<Fields>,
  fitted: (shape: Shape | null) => Shape | null,
  tally: Loss.Tally | undefined
): Input["mask"] => {
  if (mask === null) return null
  if (width !== null && height !== null && (mask.width !== width || mask.height !== height)) {
    loseAll(mask.entries.filter((entry) => entry !== null), otherSize, rules, tally)
    return null
  }
  if (mask.hasStrays) tally?.add("segment", "", Loss.approximated("pixels of a color that the legend lacks"))
  return withEntries(mask, fitted)
}

const loseAll = <Fields extends Schema.Struct.Fields>(
  shapes: ReadonlyArray<Shape>,
  lost: Loss.Carried,
  { classOf }: Rules<Fields>,
  tally: Loss.Tally | undefined
): void => {
  for (const { label, type } of shapes) tally?.add(type, classOf(label) ?? label, lost)
}

const outside = Loss.approximated("points outside of the image were moved to its edge")
const noNumber = Loss.dropped("a coordinate is no number")
const noAttributes = Loss.dropped("no place for attributes")
const noTracks = Loss.dropped("no place for track ids")
const notAClass = Loss.dropped("classes maps it to null")

const fitShape = <Fields extends Schema.Struct.Fields>(
  shape: Shape,
  input: Input,
  { classOf, format, holds, options }: Rules<Fields>,
  tally: Loss.Tally | undefined
): Shape | null => {
  const label = classOf(shape.label)
  if (label === null) {
    tally?.add(shape.type, shape.label, notAClass, "asked")
    return null
  }
  const isNumeric = shape.points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
  const found = isNumeric ? format.carries(shape, options) : noNumber
  const carried = found.how !== "dropped" && shape.type === "segment" && input.shapes.includes(shape)
    ? Loss.dropped(input.maskProblem ?? "its mask was not exported")
    : found
  if (carried.how === "dropped") {
    tally?.add(shape.type, label, carried)
    return null
  }
  const { isFar, points } = clamp(shape.points, input)
  if (tally !== undefined) {
    tally.add(shape.type, label, carried.how === "kept" && isFar ? outside : carried)
    if (!holds.attributes && shape.attributes !== "{}") {
      for (const name of Object.keys(JSON.parse(shape.attributes) as object)) {
        tally.add("attribute", name, noAttributes, "noPlace")
      }
    }
    if (!holds.tracks && shape.track !== null) tally.add("track", label, noTracks, "noPlace")
  }
  return label === shape.label && points === shape.points ? shape : { ...shape, label, points }
}

/** Shapes as elements of CVAT XML: on images, and in tracks. */
import type { SortedLines } from "@labelstream/storage"
import * as Geometry from "../../Geometry.ts"
import type { Mask, Point, Sample, Shape } from "../../Sample.ts"
import { type Scalar, scalarsOf } from "./attributes.ts"
import { boxOf, pointsOf, ringOf, type Size, sizeOf } from "./pixels.ts"
import { segmentBoxes } from "./segmentBoxes.ts"
import { turnedIn } from "./turned.ts"
import * as Xml from "./xml.ts"

type Values = Readonly<Record<string, string | number | null>>

/** The attributes, with the instance and the track id, since tracks of CVAT have numbers of their own. */
export const attributesOf = ({ attributes, instance, track }: Shape): ReadonlyArray<Scalar> => {
  const own = scalarsOf(attributes)
  const more = { track_id: track, instance }
  return [
    ...own,
    ...Object.entries(more).flatMap(([name, text]) =>
      text === null || own.some((attribute) => attribute.name === name)
        ? []
        : [{ name, text, json: JSON.stringify(text) }]
    )
  ]
}

const attributeElements = (attributes: ReadonlyArray<Scalar>): string =>
  attributes.map(({ name, text }) => Xml.element("attribute", { name }, Xml.escape(text))).join("")

const joined = (points: ReadonlyArray<Point>, size: Size) =>
  pointsOf(points, size).map(([x, y]) => `${x},${y}`).join(";")

/** The element of a shape. `more` are attributes of it, such as its frame; where it has a frame, it is of a track. */
export const element = (shape: Shape, size: Size, more: Values): string => {
  const { label, points, type } = shape
  const isTracked = "frame" in more
  const content = attributeElements(attributesOf(shape))
  const common = { ...isTracked ? {} : { label, source: "manual" }, occluded: 0, ...more }
  const make = (name: string, values: Values) =>
    Xml.element(name, { ...common, ...values, z_order: 0 }, content === "" ? null : content)
  switch (type) {
    case "classification":
      return Xml.element("tag", { label, source: "manual" }, content === "" ? null : content)
    case "line":
      return make("polyline", { points: joined(points, size) })
    case "landmark":
      return make("points", { points: joined(points, size) })
    case "polygon":
      return make("polygon", { points: joined(points, size) })
    default: {
      const isUpright = type !== "rectangle" || Geometry.isAxisAligned(points)
      const turned = isUpright ? undefined : turnedIn(points, size)
      if (turned !== undefined) {
        const { center: [x, y], degrees, height, width } = turned
        const round = (value: number) => Geometry.round(value, 4)
        const corners = { xtl: x - width / 2, ytl: y - height / 2, xbr: x + width / 2, ybr: y + height / 2 }
        return make("box", {
          xtl: round(corners.xtl),
          ytl: round(corners.ytl),
          xbr: round(corners.xbr),
          ybr: round(corners.ybr),
          rotation: round(degrees)
        })
      }
      if (!isUpright) return make("polygon", { points: joined(ringOf(points), size) })
      const { bottom, left, right, top } = boxOf(points, size)
      return make("box", { xtl: left, ytl: top, xbr: right, ybr: bottom })
    }
  }
}

/** The segments of a mask: runs of zeros and ones in turn, row by row within the box of the segment. */
export const masks = (values: Uint16Array, mask: Mask): ReadonlyArray<string> =>
  segmentBoxes(values, mask).map(({ height, left, shape, top, value, width }) => {
    const runs: Array<number> = []
    let [isInside, length] = [false, 0]
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) {
        if ((values[y * mask.width + x] === value) !== isInside) {
          runs.push(length)
          length = 0
          isInside = !isInside
        }
        length++
      }
    }
    runs.push(length)
    const content = attributeElements(attributesOf(shape))
    const box = { left, top, width, height }
    const place = { label: shape.label, source: "manual", occluded: 0, rle: runs.join(", "), ...box, z_order: 0 }
    return Xml.element("mask", place, content === "" ? null : content)
  })

/** What a line of a track holds: the element of the shape in that frame. */
type Line = readonly [key: string, label: string, frame: number, shown: string]

/** The attributes of an element that say when it is there. No text of a user comes before them. */
const at = (frame: number, outside: 0 | 1) => `frame="${frame}" keyframe="1" outside="${outside}"`

const padded = (number: number): string => String(number).padStart(10, "0")

/** Makes lines of the shapes of a video's frames that sort by track, then frame. A shape without a track is one of its own. */
export const trackLines = () => {
  const numbers = new Map<string, number>()
  let [last, made] = [0, 0]
  return {
    /** The last frame of those that were read. */
    lastFrame: (): number => last,
    of: (sample: Sample): ReadonlyArray<SortedLines.Keyed> => {
      const frame = sample.frame?.index ?? 0
      const size = sizeOf(sample)
      last = Math.max(last, frame)
      return sample.shapes.map((shape, index) => {
        const shown = element(shape, size, { frame, keyframe: 1, outside: 0 })
        // A track of CVAT has one kind of element, and a frame once.
        const id = shape.track === null
          ? null
          : JSON.stringify([shape.track, shape.label, shown.slice(1, shown.indexOf(" "))])
        const number = (id === null ? undefined : numbers.get(id)) ?? made++
        if (id !== null) numbers.set(id, number)
        const line: Line = [padded(number), shape.label, frame, shown]
        return { key: `${padded(number)}${padded(frame)}${padded(index)}`, line: JSON.stringify(line) }
      })
    }
  }
}

/** Writes tracks of lines that come in order. */
export const trackWriter = () => {
  let [tracks, before] = [0, undefined as Line | undefined]
  /** What ends at a frame is marked as gone in the next one, if the video has it. */
  const gone = (last: number) => {
    if (before === undefined || before[2] >= last) return ""
    const [, , frame, shown] = before
    return `${shown.replace(at(frame, 0), () => at(frame + 1, 1))}\n`
  }
  const close = (last: number) => before === undefined ? "" : `${gone(last)}</track>\n`
  return {
    add: (text: string, last: number): string => {
      const line = JSON.parse(text) as Line
      const [key, label, frame, shown] = line
      const isSame = before?.[0] === key
      const opened = isSame ? "" : `<track id="${tracks++}" label="${Xml.escape(label)}" source="manual">\n`
      const made = isSame
        ? `${frame > before![2] + 1 ? gone(last) : ""}${shown}\n`
        : `${close(last)}${opened}${shown}\n`
      before = line
      return made
    },
    end: (last: number): string => close(last)
  }
}

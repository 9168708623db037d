/** Shapes as elements of CVAT XML. */
import * as Geometry from "../../Geometry.ts"
import type { Mask, Point, Shape } from "../../Sample.ts"
import { scalarsWithTrack } from "../shared/attributes.ts"
import { boxOf, pointsOf, ringOf, type Size } from "../shared/pixels.ts"
import { rowRuns, segmentBoxes } from "../shared/segments.ts"
import { turnedIn } from "../shared/turned.ts"
import * as Xml from "../shared/xml.ts"

type Values = Readonly<Record<string, string | number | null>>

const attributeElements = (shape: Shape): string | null => {
  const found = scalarsWithTrack(shape)
  return found.length === 0
    ? null
    : found.map(({ name, text }) => Xml.element("attribute", { name }, Xml.escape(text))).join("")
}

const joined = (points: ReadonlyArray<Point>, size: Size) =>
  pointsOf(points, size).map(([x, y]) => `${x},${y}`).join(";")

/** The element of a shape. `more` are attributes of it, such as its frame; where it has a frame, it is of a track. */
export const element = (shape: Shape, size: Size, more: Values): string => {
  const { label, points, type } = shape
  const content = attributeElements(shape)
  const common = { ..."frame" in more ? {} : { label, source: "manual" }, occluded: 0, ...more }
  const make = (name: string, values: Values) => Xml.element(name, { ...common, ...values, z_order: 0 }, content)
  switch (type) {
    case "classification":
      return Xml.element("tag", { label, source: "manual" }, content)
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
        const corners = { xtl: x - width / 2, ytl: y - height / 2, xbr: x + width / 2, ybr: y + height / 2 }
        const values = Object.entries({ ...corners, rotation: degrees })
        return make("box", Object.fromEntries(values.map(([name, value]) => [name, Geometry.round(value, 4)])))
      }
      if (!isUpright) return make("polygon", { points: joined(ringOf(points), size) })
      const { bottom, left, right, top } = boxOf(points, size)
      return make("box", { xtl: left, ytl: top, xbr: right, ybr: bottom })
    }
  }
}

/** The segments of a mask, row by row within the box of each. */
export const masks = (values: Uint16Array, mask: Mask): ReadonlyArray<string> =>
  segmentBoxes(values, mask).map((box) => {
    const { height, left, shape, top, width } = box
    const rle = rowRuns(values, mask, box).join(", ")
    const about = { label: shape.label, source: "manual", occluded: 0, rle, left, top, width, height, z_order: 0 }
    return Xml.element("mask", about, attributeElements(shape))
  })

/**
 * The geometry of one annotation object. Documented: rectangles, polygons, lines and landmarks. Guessed, and therefore
 * kept as the platform's object: cuboids, 3D boxes and segments in lists. The names of 3D and linked 2D boxes are
 * guessed too, so several spellings are taken.
 */
import type { AnnotationType } from "../../../AnnotationModel.ts"
import { isContainer, isObject, type JsonObject, stringify } from "../json.ts"
import { boxOf } from "./box.ts"
import { labelsText, pointsOf, pointsText } from "./points.ts"
import type { RowWriter, Surroundings } from "./rowWriter.ts"

const names: ReadonlyMap<unknown, AnnotationType> = new Map<unknown, AnnotationType>([
  ["rectangle", "rectangle"],
  ["rectangles", "rectangle"],
  ["bounding_box", "rectangle"],
  ["2d_bounding_box", "rectangle"],
  ["box_2d", "rectangle"],
  ["polygon", "polygon"],
  ["polygons", "polygon"],
  ["line", "line"],
  ["lines", "line"],
  ["polyline", "line"],
  ["landmark", "landmark"],
  ["landmarks", "landmark"],
  ["cuboid", "cuboid"],
  ["cuboids", "cuboid"],
  ["3d_bounding_box", "box_3d"],
  ["3d_cuboid", "box_3d"],
  ["cuboid_3d", "box_3d"],
  ["box_3d", "box_3d"],
  ["segment", "segment"]
])

/** The type that a name of the platform stands for, undefined if it is not known. */
export const typeNamed = (name: unknown): AnnotationType | undefined => names.get(name)

/** Whether a box has an extent in depth, by any of the guessed spellings. */
export const isSpatial = (object: JsonObject): boolean =>
  isObject(object["center"]) || isObject(object["dimensions"]) || isObject(object["position"]) ||
  isObject(object["rotation"])

/** The type that an object's points suggest when nothing names it. */
export const typeOfPoints = (object: JsonObject): AnnotationType => {
  if (Array.isArray(object["coordinates"])) return "rectangle"
  if (!isContainer(object["points"])) return "unknown"
  return object["edges"] === undefined ? "line" : "polygon"
}

/** Writes one annotation object as a row of the given type, or reports why its geometry cannot be read. */
export const writeShape = (
  object: JsonObject,
  path: string,
  type: AnnotationType,
  around: Surroundings,
  out: RowWriter,
  legend?: ReadonlyMap<string, string>
) => {
  switch (type) {
    case "rectangle":
    case "polygon":
    case "line":
    case "landmark": {
      const points = pointsOf(object, type === "polygon")
      if (points === undefined || !out.extent.read(points)) {
        return out.problem(path, `${type} without points that can be read`)
      }
      const labels = type === "landmark" ? labelsText(points) : null
      return out.annotation(object, path, type, pointsText(points), true, around, undefined, labels)
    }
    case "cuboid": {
      const points = pointsOf(object, false)
      const bounded = points !== undefined && out.extent.read(points)
      return out.annotation(object, path, type, stringify(object), bounded, around)
    }
    case "box_3d":
      return out.annotation(object, path, type, stringify(object), false, around, legend, null, boxOf(object))
    default:
      return out.annotation(object, path, type, stringify(object), false, around, legend)
  }
}

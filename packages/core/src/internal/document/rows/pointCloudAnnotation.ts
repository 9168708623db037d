/**
 * 3D boxes and 2D-3D linking. Documented: one list of both, `_id`, `label`, `color`, `attributes`. The rest is guessed,
 * so a 3D box keeps the platform's object as its geometry, and anything with 2D points is a 2D box.
 */
import type { AnnotationType } from "../../../AnnotationModel.ts"
import type { JsonObject } from "../json.ts"
import { alone, expectObject, type RowWriter } from "./rowWriter.ts"
import { isSpatial, typeNamed, typeOfPoints, writeShape } from "./shapes.ts"
import { isTracker, tracker } from "./videoAnnotation.ts"

const typeInCloud = (object: JsonObject): AnnotationType => {
  if (isSpatial(object)) return "box_3d"
  const type = typeOfPoints(object)
  return type === "unknown" ? "box_3d" : type
}

/** Decodes one element of a point cloud's `annotations`. */
export const pointCloudAnnotation = (element: unknown, path: string, out: RowWriter): void => {
  if (!expectObject(element, path, out)) return
  if (isTracker(element)) return tracker(element, path, out, typeInCloud)
  const named = typeNamed(element["type"])
  // "cuboid" is the platform's word for both, and only the 2D kind has nothing but points.
  const type = named === undefined || named === "cuboid" && isSpatial(element) ? typeInCloud(element) : named
  writeShape(element, path, type, alone, out)
}

/**
 * Video annotation (documented): a tracker is one object through the video, and `frames` maps frames to annotation
 * objects like those of an image. The object is not visible in a frame that is missing or null.
 */
import type { AnnotationType } from "../../../AnnotationModel.ts"
import { escapePointer, isContainer, type JsonObject, text } from "../json.ts"
import { alone, expectObject, type RowWriter, type Surroundings } from "./rowWriter.ts"
import { typeNamed, typeOfPoints, writeShape } from "./shapes.ts"

/** Whether an element of `annotations` is a tracker: it maps, or (guessed) lists, frames. */
export const isTracker = (object: JsonObject): boolean => isContainer(object["frames"])

/** Writes a row for each frame of a tracker. `typeIn` says the type of an object that neither it nor the tracker names. */
export const tracker = (
  object: JsonObject,
  path: string,
  out: RowWriter,
  typeIn: (object: JsonObject) => AnnotationType,
  legend?: ReadonlyMap<string, string>
): void => {
  const frames = object["frames"] as JsonObject | ReadonlyArray<unknown>
  const trackId = text(object["_id"]) ?? text(object["track_id"])
  const label = text(object["label"]) ?? ""
  const attributes = object["attributes"]
  const type = typeNamed(object["type"])
  const listed = Array.isArray(frames)
  for (const key of Object.keys(frames)) {
    const frame = (frames as JsonObject)[key]
    if (frame === null) continue
    const framePath = `${path}/frames/${escapePointer(key)}`
    if (!expectObject(frame, framePath, out)) continue
    const around: Surroundings = {
      trackId,
      frameId: listed ? null : key,
      framePosition: listed ? Number(key) : null,
      label,
      attributes
    }
    writeShape(frame, framePath, typeNamed(frame["type"]) ?? type ?? typeIn(frame), around, out, legend)
  }
}

const isDrawn = (object: JsonObject): boolean => isContainer(object["coordinates"]) || isContainer(object["points"])

/** Decodes one element of a video's `annotations`. */
export const videoAnnotation = (element: unknown, path: string, out: RowWriter): void => {
  if (!expectObject(element, path, out)) return
  if (isTracker(element)) return tracker(element, path, out, typeOfPoints)
  // A tracker that no frame shows: null stands for an empty list of frames.
  if (element["frames"] === null && !isDrawn(element)) return
  writeShape(element, path, typeNamed(element["type"]) ?? typeOfPoints(element), alone, out)
}

/**
 * The files of a recognized document, each once.
 */
import type { ResultType } from "../../AnnotationModel.ts"
import type { Found } from "./detect.ts"
import type { AttachmentRef } from "./openDocument.ts"
import { type Lists, mentionsIn, roleOf } from "./scan/mentions.ts"

/** Results that are all in the document. */
const withoutFiles: ReadonlySet<ResultType> = new Set(["image_annotation", "image_classification", "video_annotation"])

/** One reference for each distinct (url, role, frame, sensor), in document order. */
export const attachmentsOf = ({ body, path, type }: Found, lists: Lists, inputs: boolean): Array<AttachmentRef> => {
  const refs: Array<AttachmentRef> = []
  if (type === "unknown" || !inputs && withoutFiles.has(type)) return refs
  const seen = new Set<string>()
  for (const { frameId, origin, path: sourcePath, sensorId, url } of mentionsIn(body, path, lists, inputs)) {
    const role = roleOf(type, origin)
    if (role === undefined) continue
    const key = JSON.stringify([url, role, frameId, sensorId])
    if (seen.has(key)) continue
    seen.add(key)
    refs.push({
      index: refs.length,
      role,
      frameId: frameId?.toWellFormed() ?? null,
      sensorId: sensorId?.toWellFormed() ?? null,
      url,
      sourcePath: sourcePath.toWellFormed()
    })
  }
  return refs
}

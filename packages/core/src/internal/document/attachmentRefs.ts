/**
 * The files of a recognised document, each once.
 */
import type { Found } from "./detect.ts"
import type { AttachmentRef } from "./openDocument.ts"
import { type Lists, mentionsIn, roleOf } from "./scan/mentions.ts"

/** One reference for each distinct (url, role, frame), in document order. */
export const attachmentsOf = ({ body, path, type }: Found, lists: Lists, inputs: boolean): Array<AttachmentRef> => {
  const refs: Array<AttachmentRef> = []
  if (type === "unknown" || !inputs && (type === "image_annotation" || type === "video_annotation")) return refs
  const seen = new Set<string>()
  for (const { frameId, origin, path: sourcePath, url } of mentionsIn(body, path, lists, inputs)) {
    const role = roleOf(type, origin)
    if (role === undefined) continue
    const key = JSON.stringify([url, role, frameId])
    if (seen.has(key)) continue
    seen.add(key)
    refs.push({
      index: refs.length,
      role,
      frameId: frameId?.toWellFormed() ?? null,
      url,
      sourcePath: sourcePath.toWellFormed()
    })
  }
  return refs
}

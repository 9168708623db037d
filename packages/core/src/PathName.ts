/**
 * Names of files and folders for ids that come from a server, and where a files sink stores a file of a job. Ordinary ids
 * stay as they are. Every other id becomes a readable prefix and a hash: one path segment that no other id has, on
 * case-insensitive and Unicode-normalizing file systems too.
 */
import { createHash } from "node:crypto"
import type { AttachmentRecord, JobRecord } from "./JobSink.ts"

/** What lower-case ids look like: no sign that a shell, a file system or the layout of a files sink gives a meaning to. */
const ordinary = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?$/

/** Windows takes these for devices, with any extension. */
const device = /^(?:con|prn|aux|nul|clock\$|com[0-9]|lpt[0-9])(?:\.|$)/

/** Longest name in bytes: leaves room for an extension, and for the paths of systems that allow 260 characters. */
export const maxLength = 120

/**
 * Names the file or folder of an id.
 *
 * An id of up to 120 of the characters `a-z 0-9 . _ -` is its own name, unless it begins with `.` or `-`, ends with `.`
 * or `.json`, or is a Windows device (`nul`, `com1.txt`). Any other id is named by its first 64 characters, with `_` for
 * all but ASCII letters, digits, `_` and `-`, then `~` and the first 32 hex digits of the sha256 of the id's UTF-16LE
 * code units. No ordinary id contains `~`, and the hash distinguishes what the prefix does not: two ids never have names
 * that are equal or differ only in case, save by a collision of half a sha256.
 *
 * @example
 * ```ts
 * import { PathName } from "@labelstream/core"
 *
 * PathName.fromId("5a375fc2-fb4f-4d4b") // "5a375fc2-fb4f-4d4b"
 * PathName.fromId("Job/7") // "Job_7~" and 32 hex digits
 * ```
 */
export const fromId = (id: string): string => {
  if (id.length <= maxLength && ordinary.test(id) && !device.test(id) && !id.endsWith(".json") && id !== reserved) {
    return id
  }
  const prefix = id.slice(0, 64).replaceAll(/[^A-Za-z0-9_-]/g, "_").replace(/^-/, "_")
  // UTF-8 would give every lone surrogate the same bytes.
  return `${prefix}~${createHash("sha256").update(Buffer.from(id, "utf16le")).digest("hex").slice(0, 32)}`
}

/** The manifest's name, which no folder of a job may take. */
const reserved = "manifest.ndjson"

/** Extensions that are kept: what annotation files are made of. Anything else, programs included, becomes `bin`. */
const extensions = new Set(
  "avif bin bmp bz2 csv exr gif gz hdf5 jpeg jpg json jsonl las laz mov mp4 ndjson npy npz obj parquet pcd ply png proto tif tiff tsv txt wav webm webp xml yaml yml zip zst"
    .split(" ")
)

const extensionOf: Readonly<Record<string, string>> = {
  "application/gzip": "gz",
  "application/json": "json",
  "application/xml": "xml",
  "application/zip": "zip",
  "image/bmp": "bmp",
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/tiff": "tif",
  "image/webp": "webp",
  "text/csv": "csv",
  "text/plain": "txt",
  "video/mp4": "mp4"
}

/** The name of a nested file inside the folder of its job, such as `0002-mask-frame_7.png`; its index makes it unique. */
export const nested = ({ content, ref }: AttachmentRecord): string => {
  const parts = [String(ref.index).padStart(4, "0"), clean(ref.role)]
  if (ref.frameId !== null) parts.push(clean(ref.frameId))
  return `${parts.join("-")}.${fromUrl(ref.url) ?? extensionOf[content.mediaType ?? ""] ?? "bin"}`
}

/** Returns the path of a nested file in a files sink, relative to its directory: `<batch>/<job>/<nested>`. */
export const ofFile = ({ batchId, jobId }: Pick<JobRecord, "batchId" | "jobId">, file: AttachmentRecord): string =>
  `${fromId(batchId)}/${fromId(jobId)}/${nested(file)}`

const clean = (text: string): string => text.slice(0, 48).toLowerCase().replaceAll(/[^a-z0-9_-]/g, "_")

const fromUrl = (url: string): string | undefined => {
  const extension = /\.([a-z0-9]{2,8})$/.exec(url.replace(/[?#].*$/s, "").toLowerCase())?.[1]
  return extension !== undefined && extensions.has(extension) ? extension : undefined
}

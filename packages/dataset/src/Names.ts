/**
 * Names the files of a dataset. A name is safe on every file system and unique without regard to case, Unicode form and
 * ending, since an image and its labels share it. A name once given stays: the caller stores it and passes it with the input.
 */
import { createHash } from "node:crypto"
import { NameSet } from "./internal/nameSet.ts"
import type { Input } from "./Sample.ts"

/** What names are made from. */
export type Source = "url" | "reference" | "job"

/** Longest name in bytes, without its ending. */
export const maxBytes = 200

/** Bytes that a hash behind a name takes. */
const suffixBytes = 9

const encoder = new TextEncoder()

/** What is not part of a name: separators, what Windows refuses, control characters, halves of surrogate pairs. */
const unsafe = /[\p{Cc}"*/:<>?\\|\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/gu

/** Names of devices on Windows, with any ending. */
const device = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=$|\.)/i

/** The longest beginning of a text that has at most this many bytes in UTF-8. */
const beginning = (text: string, bytes: number): string =>
  text.length * 3 <= bytes ? text : text.slice(0, encoder.encodeInto(text, new Uint8Array(bytes)).read)

/** Text without what is not part of a name, of any length. */
const cleaned = (text: string): string =>
  text.toWellFormed().normalize("NFC").replaceAll(unsafe, "_").replace(/^[.\s]+/, "_")

/** Makes one safe segment of any text, of at most 200 bytes with a hash behind it. */
export const safe = (text: string): string => {
  // Cutting can leave a blank or a dot at the end.
  const cut = beginning(cleaned(text), maxBytes - suffixBytes - 1).replace(/[.\s]+$/, "")
  return cut === "" ? "_" : device.test(cut) ? `_${cut}` : cut
}

/** Whether a name can be used as it is. */
export const isSafe = (name: string): boolean =>
  name !== "" && name === cleaned(name) && !/[.\s]$/.test(name) && !device.test(name) &&
  encoder.encode(name).length <= maxBytes

const imageEnding = /\.(jpe?g|png|webp|bmp|gif|tiff?|avif|heic|jfif|mpo|dng)$/i
const cloudEnding = /\.(pcd|bin|ply|las|laz|xyz)$/i

/** The last segment of a URL's path, decoded. */
export const lastSegment = (url: string): string => {
  const path = url.replace(/[?#].*$/s, "").replace(/\/+$/, "")
  const segment = path.slice(path.lastIndexOf("/") + 1)
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** The beginnings of image files, and their endings. */
const magic: ReadonlyArray<readonly [ending: string, at: number, text: string]> = [
  [".jpg", 0, "\u00ff\u00d8\u00ff"],
  [".png", 0, "\u0089PNG\r\n\u001a\n"],
  [".gif", 0, "GIF8"],
  [".bmp", 0, "BM"],
  [".tif", 0, "II*\u0000"],
  [".tif", 0, "MM\u0000*"],
  [".webp", 8, "WEBP"],
  [".avif", 4, "ftypavif"],
  [".heic", 4, "ftyphei"],
  [".pcd", 0, "# .PCD"]
]

/** The ending that the first bytes of a file ask for, such as `.png`, or null where they are not known. 16 bytes suffice. */
export const endingOfBytes = (bytes: Uint8Array): string | null => {
  const text = Buffer.from(bytes.subarray(0, 16)).toString("latin1")
  return magic.find(([, at, start]) => text.startsWith(start, at))?.[0] ?? null
}

/** The ending of an input: its URL's if that is one of its kind, else the one its bytes ask for, else `.jpg` or `.pcd`. */
export const endingOf = ({ ending, kind, url }: Pick<Input, "ending" | "kind" | "url">): string => {
  const known = kind === "image" ? imageEnding : cloudEnding
  const [found] = url === null ? [] : known.exec(lastSegment(url)) ?? []
  return found?.toLowerCase() ?? ending ?? (kind === "image" ? ".jpg" : ".pcd")
}

/** The name that an input asks for, before it is made unique. */
export const stemOf = (input: Pick<Input, "frame" | "job" | "kind" | "url">, source: Source): string => {
  const { frame, job, kind, url } = input
  const segment = source === "url" && url !== null ? lastSegment(url) : ""
  if (segment !== "") return safe(segment.replace(kind === "image" ? imageEnding : cloudEnding, ""))
  const key = source === "job" || job.referenceId === "" ? job.jobId : job.referenceId
  return frame === null ? safe(key) : `${safe(key)}-${String(frame.index).padStart(6, "0")}`
}

/** Gives names, each one once. Holds about 16 bytes for each name. */
export interface Naming {
  /** Marks a name as given. False if it, or one that is the same to some file system, was given before. */
  readonly take: (name: string) => boolean
  /** Gives the name that the input asks for, with a hash of its job and frame behind it if that is taken. */
  readonly give: (input: Pick<Input, "frame" | "job" | "kind" | "url">, source: Source) => string
  /** A copy with the names taken so far, to give the same names again. */
  readonly copy: () => Naming
}

const naming = (taken: NameSet): Naming => ({
  take: (name) => taken.add(fold(name)),
  give: (input, source) => {
    const stem = stemOf(input, source)
    if (taken.add(fold(stem))) return stem
    const { frame, job } = input
    const key = JSON.stringify([job.batchId, job.jobId, frame?.id ?? null, frame?.index ?? null])
    const hash = createHash("sha256").update(key).digest("hex")
    // A frame that a job has twice asks for the same name twice.
    for (let digits = 8, times = 1;; digits < 64 ? digits += 8 : times++) {
      const behind = `-${hash.slice(0, digits)}${times === 1 ? "" : `-${times}`}`
      const name = beginning(stem, maxBytes - behind.length) + behind
      if (taken.add(fold(name))) return name
    }
  },
  copy: () => naming(taken.copy())
})

/** Starts with no name given. */
export const make = (): Naming => naming(new NameSet())

/** What names have in common that some file system takes for the same. */
const fold = (name: string): string => name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC")

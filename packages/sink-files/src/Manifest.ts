/**
 * The manifest of a batch: `manifest.ndjson` in the batch's folder. One JSON object on each line; the first names the
 * format, every other says which files belong to one job. Lines are appended after their files are durable, so every
 * line that ends in a newline is true, and a later line about a job replaces the earlier ones.
 */
import { Lines } from "@labelstream/storage"

/** Name of the manifest inside the folder of its batch. */
export const fileName = "manifest.ndjson"

/** What the first line says. */
export const format = "labelstream-filesystem"

/** Version of the format. A reader that knows only lower ones must not continue. */
export const version = 1

/** One file of a job. */
export interface File {
  /** Relative to the folder of the manifest, with `/`. */
  readonly path: string
  readonly size: number
  /** 64 lower-case hex digits. */
  readonly sha256: string
  /** As the storage named it, without parameters. */
  readonly media_type: string | null
  /** `document` for the result document, otherwise what the document says that the file is for. */
  readonly role: string
  /** The frame of the file; absent if there is none. */
  readonly frame_id?: string
  /** Where the platform says that the file is, without a query that holds a signature. */
  readonly url: string | null
}

/** What one line says of a job. */
export interface Line {
  /** Names the job's document (`<name>.json`) and the folder of its nested files (`<name>`). */
  readonly name: string
  readonly project: string
  readonly batch: string
  readonly job: string
  readonly reference_id: string | null
  /** What the platform said of the job when it was stored. */
  readonly status: string
  readonly frames: number | null
  readonly annotations: number | null
  readonly tag: string | null
  readonly work_flow_id: string | null
  readonly priority_weight: number | null
  readonly revision: { readonly document: string; readonly attachments: string }
  /** Width and height of the job's inputs in pixels, by `media_index`; absent if none is known. */
  readonly sizes?: Readonly<Record<string, readonly [width: number, height: number]>>
  /** Bytes of all files together. */
  readonly bytes: number
  /** The result document, then the nested files in document order. */
  readonly files: ReadonlyArray<File>
  /**
   * When the job was stored, in milliseconds since 1970 by the clock of the file system, or the lease under which it was;
   * only while there are parts of several writers: of two lines about a job in two of them, the later one counts.
   */
  readonly stored?: number
}

/** The first line, newline included. */
export const header = `${JSON.stringify({ format, version })}\n`

/** Writes a line without its newline. The same job gives the same text, always. */
export const encodeLine = (line: Line): string => JSON.stringify(line)

const text = (value: unknown): value is string => typeof value === "string"
const record = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** When a line's job was stored, read from its text; undefined if it does not say. */
export const storedOf = (text: string): number | undefined => {
  // It is the last field: every other line ends with its files.
  const found = text.endsWith("]}") ? null : storedLast.exec(text)
  return found === null ? undefined : Number(found[1])
}

/** The text of a line without the time when its job was stored. */
export const withoutStored = (text: string): string => text.endsWith("]}") ? text : text.replace(storedLast, "}")

const storedLast = /,"stored":([0-9.]+)\}$/

/** Reads a line; undefined if it is not one. Unknown fields are ignored. */
export const decodeLine = (line: string): Line | undefined => {
  const value = Lines.parse(line)
  if (!record(value) || !record(value.revision) || !Array.isArray(value.files) || value.files.length === 0) return
  const { batch, bytes, job, name, project, revision } = value
  if (![name, project, batch, job, value.status, revision.document, revision.attachments].every(text)) return
  if (typeof bytes !== "number" || !value.files.every(isFile) || value.files[0].path !== `${name as string}.json`) {
    return
  }
  return value as unknown as Line
}

/** What the first line of a manifest is: of this format, of a newer version of it, or something else. */
export const decodeHeader = (line: string): "current" | "newer" | "foreign" => {
  const value = Lines.parse(line)
  if (!record(value) || value.format !== format || typeof value.version !== "number") return "foreign"
  return value.version > version ? "newer" : "current"
}

const isFile = (value: unknown): boolean =>
  record(value) && text(value.path) && text(value.sha256) && typeof value.size === "number" && isInside(value.path)

/** A manifest is data that may have been tampered with: no line may lead a reader out of the folder. */
const isInside = (path: string): boolean =>
  path.split("/").length <= 2 && path.split("/").every((part) => /^[A-Za-z0-9._~-]+$/.test(part) && !/^\.+$/.test(part))

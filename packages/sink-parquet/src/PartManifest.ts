/**
 * The manifest of a part: `manifest/batch-<batch>/part-<number>.ndjson`. One JSON object on each line: the first names
 * the format and the batch, every further one a job of the part in the order of its rows, the last one the part's files.
 * A manifest is replaced as a whole, after its files; one without a last line is damaged.
 */
import { AnnotationModel } from "@labelstream/core/sink"
import { Lines } from "@labelstream/storage"

/** What the first line says. */
export const format = "labelstream-parquet"

/**
 * Version of the format, which is that of the tables. A reader that knows only lower ones must stop. Parts of version
 * 1, which had no media, are read and not written to.
 */
export const version = AnnotationModel.version

/** The first line. */
export interface Head {
  readonly version: number
  readonly batch: string
  /** Number of the part in its batch, from 1. */
  readonly part: number
  /** How geometry is stored throughout the dataset. */
  readonly geometry: "json" | "points"
}

/** One job, and how many rows of each table are its own. */
export interface Job {
  readonly job: string
  readonly project: string
  readonly revision: { readonly document: string; readonly attachments: string }
  /** Bytes of the result document and the nested files. */
  readonly bytes: number
  readonly annotations: number
  readonly media: number
  readonly attachments: number
  readonly contents: number
  /**
   * When the job was stored, in milliseconds since 1970 by the clock of the file system, or the lease under which it was; only
   * of jobs stored while there were several writers: of two lines about a job in the shares of two, the later one counts.
   */
  readonly stored?: number
}

/** One file of the part. */
export interface File {
  /** Relative to the dataset, with `/`. */
  readonly path: string
  readonly size: number
  /** 64 lower-case hex digits. */
  readonly sha256: string
  readonly rows: number
}

/** The last line. */
export interface Tail {
  readonly files: ReadonlyArray<File>
  readonly jobs: number
  /** About how many bytes the rows take before they are encoded: the part takes new jobs up to a limit of it. */
  readonly weight: number
}

/** Writes the first line, newline included. */
export const encodeHead = ({ batch, geometry, part }: Omit<Head, "version">): string =>
  `${JSON.stringify({ format, version, batch, part, geometry })}\n`

/** Writes any other line, newline included. */
export const encodeLine = (line: Job | Tail): string => `${JSON.stringify(line)}\n`

/** Reads the first line: what it says, or that it is of a newer version, or of something else. */
export const decodeHead = (line: string): Head | "newer" | "foreign" => {
  const value = Lines.parse(line)
  if (!record(value) || value.format !== format || typeof value.version !== "number") return "foreign"
  if (value.version > version) return "newer"
  const { batch, geometry, part, version: found } = value
  const isSound = typeof batch === "string" && typeof part === "number" &&
    (geometry === "json" || geometry === "points")
  return isSound ? { version: found, batch, part, geometry } : "foreign"
}

/** Reads any other line; undefined if it is neither a job nor the end. Unknown fields are ignored. */
export const decodeLine = (line: string): Job | Tail | undefined => {
  const value = Lines.parse(line)
  if (!record(value)) return
  if (Array.isArray(value.files)) {
    return count(value.jobs) && typeof value.weight === "number" && value.files.every(isFile)
      ? value as unknown as Tail
      : undefined
  }
  // Version 1 had no media.
  value.media ??= 0
  const { annotations, attachments, bytes, contents, job, media, project, revision } = value
  return record(revision) && [job, project, revision.document, revision.attachments].every(text) &&
      [annotations, attachments, bytes, contents, media].every(count)
    ? value as unknown as Job
    : undefined
}

const text = (value: unknown): value is string => typeof value === "string"
const count = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
const record = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** A manifest is data that may have been tampered with: no line may lead a reader out of the dataset. */
const isFile = (value: unknown): boolean =>
  record(value) && text(value.path) && text(value.sha256) && count(value.size) && count(value.rows) &&
  /^(?:annotations|attachments|contents|jobs|media)\/batch-[A-Za-z0-9._%~-]*\/part-[0-9]+\.parquet$/.test(value.path)

/**
 * The record of a job in the store: a text file of lines. The first holds a hash of all others, the second says whose job it
 * is, and each further one is a sample. Samples come in the order of the job's inputs.
 */
import type { JobSink } from "@labelstream/core/sink"
import { Failure, Files, type Fs, Hash, Lines } from "@labelstream/storage"
import { createHash } from "node:crypto"
import type { SampleJob, Shape } from "../Sample.ts"
import { type Needs, version } from "./place.ts"

/** A file of a record, in the folder of its job. */
export interface StoredFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
}

/** The second line. */
export interface Head {
  readonly project: string
  readonly job: SampleJob
  readonly revision: JobSink.Revision
  readonly bytes: number
  /** The kinds of files that the job was asked for, whether it has any or not. */
  readonly made: Needs
  readonly files: ReadonlyArray<StoredFile>
}

/** A mask whose picture was read when it was stored. Segments are those that have pixels. */
export interface StoredMask {
  readonly file: number
  readonly width: number
  readonly height: number
  readonly hasStrays: boolean
  readonly colors: ReadonlyArray<string>
  readonly entries: ReadonlyArray<Shape>
}

/** A labeled cloud that was read when it was stored. Segments are those that have points. */
export interface StoredCloud {
  readonly file: number
  /** The label key of each segment. */
  readonly keys: ReadonlyArray<number>
  readonly entries: ReadonlyArray<Shape>
}

/** A sample of one of the job's inputs. Files are places in `Head.files`. */
export interface StoredSample {
  readonly kind: "image" | "point_cloud"
  readonly frame: { readonly id: string; readonly index: number } | null
  readonly url: string | null
  readonly width: number | null
  readonly height: number | null
  readonly ending: string | null
  readonly input: number | null
  /** Text says why it cannot be read. */
  readonly mask: StoredMask | string | null
  /** Only of a cloud whose labels were stored. Text says why they cannot be read. */
  readonly points?: StoredCloud | string
  readonly shapes: ReadonlyArray<Shape>
}

/** An image of a result that is a COCO document, which is a file of its record. */
export interface CocoSample {
  readonly coco: number
  readonly at: number
}

/** Annotations that are on no sample, such as those of a document that cannot be read; with their number. */
export interface Astray {
  readonly astray: ReadonlyArray<readonly [shape: string, label: string, why: string, count: number]>
}

/** A line after the second. */
export type Line = StoredSample | CocoSample | Astray

/** The first line, of a fixed length for a version. */
export const firstLine = (sha256: string): string =>
  JSON.stringify({ format: "labelstream-dataset-record", version, sha256 })

/** What the first line is: of this version, an older one, or damaged. Fails for a newer one. */
const stateOf = (line: string | undefined, path: string): "current" | "older" | "damaged" => {
  const value = Lines.parse(line ?? "") as { format?: unknown; version?: unknown; sha256?: unknown } | undefined
  if (value?.format !== "labelstream-dataset-record" || typeof value.version !== "number") return "damaged"
  if (value.version > version) throw Failure.newer(path)
  if (value.version < version) return "older"
  return line === firstLine(String(value.sha256)) ? "current" : "damaged"
}

/** Writes a record into a new file, synced. Answers its first line and its size. */
export const write = async (
  fs: Fs,
  path: string,
  lines: AsyncIterable<string>
): Promise<{ readonly first: string; readonly size: number }> => {
  const hash = createHash("sha256")
  const start = firstLine("0".repeat(64)).length + 1
  return Files.withFile(fs, path, "wx", async (fd) => {
    let at = start
    let text = ""
    const flush = async () => {
      const bytes = Buffer.from(text)
      text = ""
      hash.update(bytes)
      await Files.writeFully(fs, fd, bytes, at)
      at += bytes.length
    }
    for await (const line of lines) {
      text += `${line}\n`
      if (text.length > 256 * 1024) await flush()
    }
    // Most records are written at once, with their first line.
    const rest = Buffer.from(text)
    const first = firstLine(hash.update(rest).digest("hex"))
    const head = Buffer.from(`${first}\n`)
    if (at === start) await Files.writeFully(fs, fd, Buffer.concat([head, rest]), 0)
    else {
      await Files.writeFully(fs, fd, rest, at)
      await Files.writeFully(fs, fd, head, 0)
    }
    await fs.fsync(fd)
    return { first, size: at + rest.length }
  })
}

/** A record, or why there is none. */
export type Found =
  | { readonly is: "missing" | "damaged" | "older" }
  | { readonly is: "current"; readonly first: string; readonly head: Head }

/** A record that is being read: its first two lines, and those behind them. */
interface Reading {
  readonly found: Found
  readonly lines: AsyncGenerator<ReadonlyArray<string>>
  /** Closes the file, if you do not read the lines. */
  readonly close: () => Promise<unknown>
}

/** The failure for a record that no longer has the bytes that were stored. */
export const damaged = (path: string): Failure.Problem =>
  new Failure.Problem("corrupt", `${path} is damaged: remove it, and run the export again with --repair`)

/**
 * Reads a record from its beginning. Fails for a record of a newer version, and after the last line with `corrupt` if the
 * record has changed since it was stored. The lines are to be read, or closed.
 */
export const read = async (fs: Fs, path: string, piece = 256 * 1024): Promise<Reading> => {
  const stats = await fs.find(path)
  if (stats?.isFile() !== true) {
    return { found: { is: stats === undefined ? "missing" : "damaged" }, lines: none(), close: () => Promise.resolve() }
  }
  const source = Lines.read(fs, path, Math.min(stats.size, piece))
  const close = () => source.return(undefined)
  const begun: Array<string> = []
  while (begun.length < 2) {
    const next = await source.next()
    if (next.done === true) break
    begun.push(...next.value)
  }
  async function* lines() {
    const hash = createHash("sha256")
    const add = (some: ReadonlyArray<string>) => hash.update(`${some.join("\n")}\n`)
    try {
      add(begun.slice(1))
      if (begun.length > 2) yield begun.slice(2)
      for await (const some of source) {
        add(some)
        yield some
      }
      if (first !== firstLine(hash.digest("hex"))) throw damaged(path)
    } finally {
      await close()
    }
  }
  const [first, second] = begun
  const head = Lines.parse(second ?? "")
  try {
    const is = stateOf(first, path)
    if (is !== "current") return { found: { is }, lines: lines(), close }
    return { found: isHead(head) ? { is, first: first!, head } : { is: "damaged" }, lines: lines(), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function* none(): AsyncGenerator<ReadonlyArray<string>> {}

/** Reads the first two lines of a record. Fails for a record of a newer version. */
export const readHead = async (fs: Fs, path: string): Promise<Found> => {
  const { close, found } = await read(fs, path, 16 * 1024)
  await close()
  return found
}

const isHead = (value: unknown): value is Head => {
  const { files, job, project, revision } = (value ?? {}) as Partial<Head>
  return typeof project === "string" && typeof job?.jobId === "string" && typeof revision?.document === "string" &&
    Array.isArray(files) &&
    (files as ReadonlyArray<StoredFile>).every(({ name }) => /^[a-z0-9_][a-z0-9._-]*$/.test(name))
}

/** Whether a record still has the bytes that were stored. */
export const isWhole = async (fs: Fs, path: string, first: string): Promise<boolean> => {
  const hash = createHash("sha256")
  let skip = first.length + 1
  for await (const bytes of Files.chunksOf(fs, path, 256 * 1024)) {
    hash.update(bytes.subarray(Math.min(skip, bytes.length)))
    skip = Math.max(0, skip - bytes.length)
  }
  return first === firstLine(hash.digest("hex"))
}

/** Whether the files of a record have the bytes that were stored. */
export const areWhole = async (fs: Fs, folder: string, files: ReadonlyArray<StoredFile>): Promise<boolean> => {
  for (const { name, sha256, size } of files) {
    if (await Hash.compare(fs, folder, { path: name, size, sha256 }, true) !== "same") return false
  }
  return true
}

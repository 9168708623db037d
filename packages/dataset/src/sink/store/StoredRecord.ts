/**
 * A job as the store keeps it: a line in the list of jobs, and a record, which has a line for each sample in the order of the
 * job's inputs. The records of a commit are one file.
 */
import type { JobSink } from "@labelstream/core/sink"
import { Failure, Lines } from "@labelstream/storage"
import { randomUUID } from "node:crypto"
import type * as Loss from "../../Loss.ts"
import type { SampleJob, Shape } from "../../Sample.ts"
import type { Needs } from "../place.ts"

/** A file of a job, in the folder of its job. */
export interface StoredFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
}

/** Some bytes of a file of records. */
export interface Span {
  readonly at: number
  readonly size: number
  readonly sha256: string
}

/** The place of a record. The file comes last in the line. */
export interface RecordPlace extends Span {
  readonly file: string
}

/** A line of the list of jobs. A later line about a job replaces the earlier ones. */
export interface StoredJob {
  /** `<batch>/<job>` as names of files. It comes first in the line. */
  readonly path: string
  readonly project: string
  readonly job: SampleJob
  readonly revision: JobSink.Revision
  readonly bytes: number
  /** The kinds of files that the job was asked for, whether it has any or not. */
  readonly made: Needs
  readonly files: ReadonlyArray<StoredFile>
  /** It comes last in the line. */
  readonly record: RecordPlace
}

/** A mask whose picture was read when it was stored: its file has its pixels as runs. Segments are those that have pixels. */
export interface StoredMask {
  readonly file: number
  readonly width: number
  readonly height: number
  readonly hasStrays: boolean
  /** The value of each segment in the runs. */
  readonly values: ReadonlyArray<number>
  readonly entries: ReadonlyArray<Shape>
}

/** A labeled cloud that was read when it was stored. Segments are those that have points. */
export interface StoredCloud {
  readonly file: number
  /** The label key of each segment. */
  readonly keys: ReadonlyArray<number>
  readonly entries: ReadonlyArray<Shape>
}

/** A sample of one of the job's inputs. Files are places in `StoredJob.files`. */
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

/** Returns the counts of annotations that are on no sample. */
export const astrayOf = (tally: Loss.Tally): Astray["astray"] =>
  tally.entries().map(({ class: label, dropped, shape, why }) => [shape, label, why ?? "", dropped])

/** The text before the tab in a line of a record. Behind it are the shapes of a stored sample. */
export type Line = StoredSample | CocoSample | Astray

/** A new name for a file with the records of this many jobs. */
export const fileFor = (jobs: number): string => `${randomUUID()}.${jobs}.ndjson`

/** The jobs of a file of records when it was written; undefined if that is no name of one. */
export const jobsIn = (file: string): number | undefined => {
  const jobs = /^[0-9a-f-]{36}\.([0-9]+)\.ndjson$/.exec(file)?.[1]
  return jobs === undefined ? undefined : Number(jobs)
}

/** The failure for a file of the store that no longer has the bytes that were stored. */
export const damaged = (path: string): Failure.Problem =>
  new Failure.Problem("corrupt", `${path} is damaged: remove it, and run the export again with --repair`)

/** The text of a line of the list of jobs. */
export const encode = (job: StoredJob): string => JSON.stringify(job)

/** Reads a line of the list of jobs that has a key; undefined if it is none. No name in it leads out of the store. */
export const decode = (text: string): StoredJob | undefined => {
  const value = (Lines.parse(text) ?? {}) as Partial<StoredJob>
  const { files, job, path, project, record, revision } = value
  const isJob = /^[\w.~-]+\/[\w.~-]+$/.test(path ?? "") && !/(^|\/)\.+(\/|$)/.test(path ?? "") &&
    typeof project === "string" && typeof job?.jobId === "string" &&
    typeof revision?.document === "string" && typeof record?.at === "number" && typeof record.size === "number" &&
    jobsIn(record.file) !== undefined && Array.isArray(files) &&
    (files as ReadonlyArray<StoredFile>).every(({ name }) => /^[a-z0-9_][a-z0-9._-]*$/.test(name))
  return isJob ? value as StoredJob : undefined
}

/** A key that sorts jobs by batch, then by job: no name holds a blank. Undefined if the text is no line of the list. */
export const keyIn = (text: string): string | undefined => {
  const path = inLine.exec(text)?.[1]
  return path === undefined ? undefined : keyOf(path)
}

/** The path comes first in a line, and no part of it begins with a point. */
const inLine = /^\{"path":"([\w~-][\w.~-]*\/[\w~-][\w.~-]*)"/

/** The file of records that a line of the list names. */
export const fileIn = (text: string): string => text.slice(text.lastIndexOf("\"", text.length - 4) + 1, -3)

/** The key of a path, `<batch>/<job>`. */
export const keyOf = (path: string): string => path.replace("/", " ")

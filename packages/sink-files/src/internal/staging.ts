/** Writes and syncs the files of a record outside the readers' view, so that a commit only renames them. */
import { type JobSink, PathName, UnsignedUrl } from "@labelstream/core/sink"
import { Failure, FolderSink, type Fs, StagedContent, Target } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import { sep } from "node:path"
import * as Manifest from "../Manifest.ts"
import { attempt, toSinkError } from "./failure.ts"
import type { Place } from "./target.ts"

/** A record whose files lie in the staging folder of its token as `<number>.<file>`, its document as file 0. */
export interface Staged {
  /** Folder of the batch under the output. */
  readonly folder: string
  readonly number: number
  /** Whether nothing stood in the job's place when it was staged. */
  readonly isFree: boolean
  readonly line: Manifest.Line
}

/** Nested files written at the same time for one job. */
const nestedAtOnce = 4

/** Whether a folder is there. Fails if something else is in its place. */
export type FolderLook = (path: string) => Promise<boolean>

/** Looks once for each folder: for records that are staged together, and no longer. A commit looks again. */
export const lookOnce = (fs: Fs): FolderLook => {
  const looks = new Map<string, Promise<boolean>>()
  const look: FolderLook = async (path) => {
    const found = await fs.find(path)
    if (found !== undefined) Target.requireFolder(path, found)
    return found !== undefined
  }
  return (path) => {
    const looked = looks.get(path) ?? look(path)
    looks.set(path, looked)
    return looked
  }
}

/** Writes one record. A failure of this record alone has the reason `rejected` or `conflict`. */
export const stageRecord = (
  place: Place,
  staging: string,
  isThere: FolderLook,
  number: number,
  record: JobSink.JobRecord,
  stamp: FolderSink.Stamp
): Effect.Effect<Staged, JobSink.SinkError> => {
  const where: Failure.Where = { step: "stage", batchId: record.batchId, jobId: record.jobId }
  const { fs } = place
  const names = record.attachments.map(PathName.nested)
  if (new Set(names).size < names.length) {
    return Effect.fail(
      toSinkError(where)(new Failure.Problem("rejected", "two of its nested files have the same index"))
    )
  }
  const line = { ...lineOf(record, names), ...FolderSink.stampOf(stamp, record) }
  const folder = PathName.fromId(record.batchId)
  const staged = (file: number) => `${staging}${sep}${number}.${file}`
  const document = staged(0)
  const look = async (): Promise<Staged> => {
    const isFree = await checkFree(place, isThere, folder, line)
    if (place.main !== undefined) await checkFree(place.main, isThere, folder, line)
    return { folder, number, isFree, line }
  }
  const writing = StagedContent.writeHeld(place, document, record.document)
  const first = writing === undefined
    ? Effect.flatMap(
      attempt(where, look),
      (staged) => Effect.as(StagedContent.stream(fs, attempt, document, record.document, where), staged)
    )
    // One step for both: a second would cost as much as the looking.
    : attempt(where, async () => {
      const staged = await look()
      await writing()
      return staged
    })
  if (record.attachments.length === 0) return first
  return Effect.tap(first, () =>
    Effect.forEach(
      record.attachments,
      ({ content }, index) => StagedContent.write(place, attempt, staged(index + 1), content, where),
      { concurrency: nestedAtOnce, discard: true }
    ))
}

/**
 * Fails if something that is not this sink's is in the way of this job alone. Returns whether nothing is in its
 * place at all.
 */
const checkFree = async (
  { fs, output }: Target.Target,
  isThere: FolderLook,
  folder: string,
  { name }: Manifest.Line
): Promise<boolean> => {
  const batch = `${output}${sep}${folder}`
  if (!await isThere(batch)) return true
  const nestedPath = `${batch}${sep}${name}`
  const path = `${nestedPath}.json`
  const document = await fs.find(path)
  const nested = await fs.find(nestedPath)
  if (document !== undefined && !document.isFile()) {
    throw new Failure.Problem("conflict", `${path} is not a file: move it out of the way`)
  }
  if (nested !== undefined) Target.requireFolder(nestedPath, nested)
  return document === undefined && nested === undefined
}

const lineOf = (record: JobSink.JobRecord, names: ReadonlyArray<string>): Manifest.Line => {
  const name = PathName.fromId(record.jobId)
  const document: Manifest.File = {
    path: `${name}.json`,
    size: record.document.size,
    sha256: record.document.sha256,
    media_type: record.document.mediaType,
    role: "document",
    url: record.result.result === null ? null : UnsignedUrl.strip(record.result.result)
  }
  const nested = record.attachments.map((attachment, index): Manifest.File => ({
    path: `${name}/${names[index]!}`,
    size: attachment.content.size,
    sha256: attachment.content.sha256,
    media_type: attachment.content.mediaType,
    role: attachment.ref.role,
    ...attachment.ref.frameId === null ? {} : { frame_id: attachment.ref.frameId },
    url: UnsignedUrl.strip(attachment.ref.url)
  }))
  const files = [document, ...nested]
  return {
    name,
    project: record.projectId,
    batch: record.batchId,
    job: record.jobId,
    reference_id: record.summary.referenceId,
    status: record.summary.status,
    frames: record.summary.frames,
    annotations: record.summary.annotations,
    tag: record.result.tag,
    work_flow_id: record.result.workFlowId,
    priority_weight: record.result.priorityWeight,
    revision: { document: record.revision.document, attachments: record.revision.attachments },
    ...sizesOf(record),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    files
  }
}

/** Sizes cannot be read from the document: a replay returns what the line keeps of them. */
const sizesOf = ({ sizes }: JobSink.JobRecord): Pick<Manifest.Line, "sizes"> =>
  sizes.size === 0
    ? {}
    : { sizes: Object.fromEntries(Array.from(sizes, ([index, { height, width }]) => [index, [width, height]])) }

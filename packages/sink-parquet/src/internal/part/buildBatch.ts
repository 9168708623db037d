/**
 * Brings the records of one platform batch into parts, in the staging folder. A job that some part holds is replaced
 * there, at its own place among the rows, so that one rename per table changes it for readers. New jobs go to the end of
 * the last part until that is full, and then to new ones: how jobs come in batches leaves no trace.
 */
import type { JobSink } from "@labelstream/core/sink"
import { Failure, FolderSink } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as PartManifest from "../../PartManifest.ts"
import { attempt, toSinkError } from "../failure.ts"
import { type Keep, obstacleOf, type Put, putRecord } from "../rows.ts"
import { type Row, type TableName, tableNames } from "../tables.ts"
import { type Each, PartBuild, type StagedPart, type Target } from "./partBuild.ts"
import type { Batch } from "./partFile.ts"
import type { Full } from "./partWriter.ts"

/** Everything that the work on one batch needs. */
export interface Work extends Target {
  readonly keep: Keep
  /** A part takes no more new jobs when it has this weight. */
  readonly partBytes: number
  readonly batch: Batch
  /** Full row groups of the last part, if they are known. */
  readonly full: Each<Full> | undefined
  /** Numbers the names in the staging folder. */
  readonly nextName: () => string
  /** What the lines of the jobs say of the time. */
  readonly stored: FolderSink.Stamp
}

/** What became of a batch's records. */
export interface Built {
  readonly folder: string
  readonly batchId: string
  readonly parts: ReadonlyArray<StagedPart>
  readonly jobs: ReadonlyArray<PartManifest.Job>
  /** Jobs that no part held before, with the part that holds them now. */
  readonly added: ReadonlyArray<readonly [jobId: string, part: number]>
  readonly rejected: ReadonlyArray<JobSink.Rejection>
}

/** Records up to this many bytes are read before any row is written, so that a failure in reading costs nothing. */
const small = 4 * 1024 * 1024

const stage = { step: "stage" } as const

/** Builds the parts. A record that cannot be stored is left out and returned as rejected. */
export const buildBatch = Effect.fnUntraced(function*(work: Work, records: ReadonlyArray<JobSink.JobRecord>) {
  const rejected: Array<JobSink.Rejection> = []
  const reject = ({ batchId, jobId }: JobSink.JobRecord, problem: Failure.Problem) =>
    rejected.push({ batchId, jobId, error: toSinkError({ ...stage, batchId, jobId })(problem) })
  let left = records.filter((record) => {
    const obstacle = obstacleOf(record)
    if (obstacle !== undefined) reject(record, obstacle)
    return obstacle === undefined
  }).sort((a, b) => a.position - b.position)
  for (;;) {
    const built: Result.Result<Omit<Built, "rejected">, Poison | JobSink.SinkError> = yield* Effect.result(
      buildOnce(work, left, (record, problem) => {
        reject(record, problem)
        left = left.filter((other) => other !== record)
      })
    )
    if (Result.isSuccess(built)) return { ...built.success, rejected }
    const { failure } = built
    if (!(failure instanceof Poison)) return yield* failure
    // Some of its rows are written already: all over again without it.
    reject(failure.record, failure.problem)
    left = left.filter((other) => other !== failure.record)
  }
})

/** A record that failed after some of its rows had been written. */
class Poison {
  readonly record: JobSink.JobRecord
  readonly problem: Failure.Problem
  constructor(record: JobSink.JobRecord, problem: Failure.Problem) {
    this.record = record
    this.problem = problem
  }
}

type Reject = (record: JobSink.JobRecord, problem: Failure.Problem) => void

const buildOnce = (
  work: Work,
  records: ReadonlyArray<JobSink.JobRecord>,
  reject: Reject
): Effect.Effect<Omit<Built, "rejected">, Poison | JobSink.SinkError> => {
  const open: Array<PartBuild> = []
  const parts: Array<StagedPart> = []
  const jobs: Array<PartManifest.Job> = []
  const added: Array<readonly [string, number]> = []
  const settled = new Set<JobSink.JobRecord>()
  const start = (part: number) =>
    Effect.uninterruptible(
      Effect.tap(
        attempt(stage, () => PartBuild.start(work, part, work.nextName())),
        (build) => Effect.sync(() => open.push(build))
      )
    )
  const finish = (build: PartBuild) =>
    Effect.map(attempt(stage, () => build.finish()), (part) => {
      parts.push(part)
      open.splice(open.indexOf(build), 1)
    })
  /** Returns whether the record was stored. */
  const write = Effect.fnUntraced(function*(build: PartBuild, record: JobSink.JobRecord) {
    settled.add(record)
    const written = yield* writeRecord(work, build, record)
    if (written instanceof Failure.Problem) return reject(record, written)
    jobs.push(written)
    return written
  })

  const build = Effect.gen(function*() {
    const { batch } = work
    let current: PartBuild | undefined
    for (const [part, held] of touched(batch, records)) {
      const build = yield* start(part)
      yield* rewrite(build, held, (record) => write(build, record))
      if (part === batch.last && build.weight < work.partBytes) current = build
      else yield* finish(build)
    }
    let last = batch.last
    const fresh = records.filter((record) => !settled.has(record))
    // New records fill damaged parts first, then further ones.
    const anew = [...batch.damaged]
    if (current !== undefined && anew.length > 0) {
      yield* finish(current)
      current = undefined
    }
    if (
      anew.length === 0 && current === undefined && fresh.length > 0 && last > 0 && batch.weight < work.partBytes &&
      parts.at(-1)?.part !== last
    ) {
      const build = yield* start(last)
      yield* attempt(stage, () => build.takeOver(work.full))
      current = build
    }
    for (const record of fresh) {
      const build: PartBuild = current ?? (yield* start(anew.shift() ?? ++last))
      current = build
      if (yield* write(build, record)) added.push([record.jobId, build.part])
      if (build.weight < work.partBytes) continue
      yield* finish(build)
      current = undefined
    }
    if (current !== undefined) yield* finish(current)
    for (const part of anew) yield* finish(yield* start(part))
    return { folder: work.folder, batchId: work.batchId, parts, jobs, added }
  })
  return Effect.ensuring(
    build,
    Effect.promise(async () => {
      for (const build of open) await build.close()
    })
  )
}

/** The parts that hold some of the jobs, ascending, with these jobs. */
const touched = (
  batch: Batch,
  records: ReadonlyArray<JobSink.JobRecord>
): ReadonlyArray<readonly [number, ReadonlyMap<string, JobSink.JobRecord>]> => {
  const parts = new Map<number, Map<string, JobSink.JobRecord>>()
  for (const record of records) {
    for (const part of batch.index.find(record.jobId)) {
      const held = parts.get(part) ?? new Map<string, JobSink.JobRecord>()
      parts.set(part, held.set(record.jobId, record))
    }
  }
  return [...parts].sort(([a], [b]) => a - b)
}

const rewrite = <E>(
  build: PartBuild,
  held: ReadonlyMap<string, JobSink.JobRecord>,
  write: (record: JobSink.JobRecord) => Effect.Effect<unknown, E>
) =>
  Effect.acquireUseRelease(
    attempt(stage, () => build.openPublished()).pipe(
      // Nothing of a damaged part is copied. If all of its jobs are rewritten, nothing needs to be.
      Effect.catchIf((error) => error.reason === "corrupt", (error) =>
        Effect.flatMap(
          attempt(stage, () => build.holdsOnly(held)),
          (isReplaced) => isReplaced ? Effect.undefined : Effect.fail(error)
        ))
    ),
    Effect.fnUntraced(function*(readers) {
      const lines = build.publishedJobs()
      const waiting: Each<number> = { annotations: 0, media: 0, attachments: 0, contents: 0, jobs: 0 }
      const copy = async () => {
        if (readers === undefined) return
        for (const table of tableNames) {
          for await (const rows of readers[table].take(waiting[table])) await build.writers[table].add(rows)
          waiting[table] = 0
        }
      }
      for (;;) {
        const next = yield* attempt(stage, () => lines.next())
        if (next.done === true) break
        for (const line of next.value) {
          const counts: Each<number> = { ...line, jobs: 1 }
          const record = held.get(line.job)
          if (record !== undefined) {
            yield* attempt(stage, copy)
            const isWritten = yield* write(record)
            if (readers === undefined) continue
            if (isWritten) {
              for (const table of tableNames) readers[table].skip(counts[table])
              continue
            }
          }
          // What is rejected stays as it was.
          for (const table of tableNames) waiting[table] += counts[table]
          yield* attempt(stage, () => build.add(line))
        }
      }
      yield* attempt(stage, copy)
    }),
    (readers) =>
      Effect.promise(async () => {
        if (readers === undefined) return
        for (const table of tableNames) await readers[table].close().catch(() => {})
      })
  )

/** Writes a record's rows. Returns its line, or why it was left out. Fails with `Poison` if that came too late. */
const writeRecord = Effect.fnUntraced(function*(work: Work, build: PartBuild, record: JobSink.JobRecord) {
  const { attachments, batchId, document, jobId, projectId, revision } = record
  const where: Failure.Where = { ...stage, batchId, jobId }
  const bytes = attachments.reduce((sum, { content }) => sum + content.size, document.size)
  const write: Put = (table, rows) => attempt(where, () => build.writers[table].add(rows))
  const held: Array<readonly [TableName, ReadonlyArray<Row>]> = []
  const hold: Put = (table, rows) => Effect.sync(() => void held.push([table, rows]))
  const isSmall = bytes <= small
  const put = yield* Effect.result(putRecord(record, work.keep, isSmall ? hold : write))
  if (Result.isFailure(put)) {
    const { failure } = put
    if (!(failure instanceof Failure.Problem)) return yield* failure
    return isSmall ? failure : yield* Effect.fail(new Poison(record, failure))
  }
  const line: PartManifest.Job = {
    job: jobId,
    project: projectId,
    revision: { document: revision.document, attachments: revision.attachments },
    bytes,
    ...put.success,
    ...FolderSink.stampOf(work.stored, record)
  }
  yield* attempt(where, async () => {
    for (const [table, rows] of held) await build.writers[table].add(rows)
    await build.add(line)
  })
  return line
})

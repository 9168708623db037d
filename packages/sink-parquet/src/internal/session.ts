/**
 * The sink while it is open: which tokens are staged and committed, and what is known of the batches. A batch is staged
 * against the parts as they are, so one token at a time is between `stage` and the end of `commit`.
 */
import type { JobSink } from "@labelstream/core"
import { Failure, Files, type Lock, type OpenPlace } from "@labelstream/files"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { join } from "node:path"
import type * as PartManifest from "../PartManifest.ts"
import { buildBatch, type Built } from "./buildBatch.ts"
import { keepReadable } from "./emptyTables.ts"
import { type Intent, removeIntent, tokenHash, writeIntent } from "./intent.ts"
import type { Each } from "./partBuild.ts"
import { type Batch, readBatch } from "./partFile.ts"
import { folderOf } from "./partition.ts"
import type { Format, Full } from "./partWriter.ts"
import type { Place } from "./place.ts"
import { carryOut, forget, keepReplaced, takeBack } from "./publish.ts"
import type { Keep } from "./rows.ts"
import { attempt } from "./step.ts"

/** How the dataset is written. */
export interface Settings {
  readonly format: Format
  readonly keep: Keep
  readonly partBytes: number
}

/** Commits whose receipts can still be asked for a second time: of up to 5,000 jobs each, which stay in memory for that. */
const remembered = 4

/** Jobs of all batches that are kept in mind; beyond, the batch longest not written to is forgotten and read again. */
const knownJobs = 1_500_000

interface Known {
  batch: Batch
  full: Each<Full> | undefined
}

interface Staged {
  readonly built: ReadonlyArray<Built>
  /** How many commits there had been. */
  readonly commits: number
}

/** Starts a session on a place that is locked and recovered. */
export const start = (place: Place, lock: Lock.Lock, settings: Settings): OpenPlace.Session => {
  const { fs } = place
  // What was found before it was open may have been restored since.
  place.damaged.clear()
  const staged = new Map<JobSink.CommitToken, Staged>()
  const committed = new Map<JobSink.CommitToken, ReadonlyArray<JobSink.Receipt>>()
  const known = new Map<string, Known>()
  const oneAtATime = Semaphore.makeUnsafe(1)
  let commits = 0
  let names = 0
  // An intent that is still on disk although its commit has ended: nothing else is done before it is gone.
  let left: { readonly intent: Intent; readonly isDone: boolean } | undefined

  const settle = async () => {
    if (left === undefined) return
    // Another process that took the place over has dealt with the intent: undoing it now would undo later commits.
    await lock.confirm()
    if (left.isDone) await removeIntent(place, left.intent)
    else await takeBack(place, left.intent)
    left = undefined
  }

  const alone = <A>(step: JobSink.SinkError["step"], work: () => Promise<A>): Effect.Effect<A, JobSink.SinkError> =>
    oneAtATime.withPermit(attempt({ step }, work))

  const drop = async (token: JobSink.CommitToken) => {
    staged.delete(token)
    await fs.remove(join(place.staging, tokenHash(token)))
  }

  /**
   * When a batch was staged, where several write: by the clock of the file system, which is the same for all of them when
   * their own are not.
   */
  const stampOf = async (folder: string): Promise<Pick<PartManifest.Job, "stored">> =>
    place.main === undefined && await Files.lstatOrNone(fs, place.writers) === undefined
      ? {}
      : { stored: (await fs.lstat(folder)).mtimeMs }

  const knownOf = async (folder: string, batchId: string): Promise<Known> => {
    const found = known.get(folder) ?? { batch: await readBatch(place, folder, batchId), full: undefined }
    // The batch just used goes to the end.
    known.delete(folder)
    known.set(folder, found)
    let jobs = 0
    for (const { batch } of known.values()) jobs += batch.index.size
    for (const [oldest, { batch }] of known) {
      if (jobs <= knownJobs || oldest === folder) break
      jobs -= batch.index.size
      known.delete(oldest)
    }
    return found
  }

  const write = Effect.fnUntraced(function*(token: JobSink.CommitToken, records: ReadonlyArray<JobSink.JobRecord>) {
    const folder = join(place.staging, tokenHash(token))
    yield* attempt({ step: "stage" }, async () => {
      await lock.confirm()
      await settle()
      await drop(token)
      await fs.mkdir(folder)
    })
    const stored = yield* attempt({ step: "stage" }, () => stampOf(folder))
    const built: Array<Built> = []
    for (const [batchId, held] of byBatch(records)) {
      const name = folderOf(batchId)
      const { batch, full } = yield* attempt({ step: "stage", batchId }, () => knownOf(name, batchId))
      const nextName = () => String(names++)
      built.push(
        yield* buildBatch(
          { ...settings, place, staging: folder, folder: name, batchId, batch, full, nextName, stored },
          held
        )
      )
    }
    yield* attempt({ step: "stage" }, async () => {
      await Files.syncDirectory(fs, folder)
      await Files.syncDirectory(fs, place.staging)
    })
    staged.set(token, { built, commits })
    return built.flatMap(({ rejected }) => rejected)
  })

  const stage = (token: JobSink.CommitToken, records: ReadonlyArray<JobSink.JobRecord>) =>
    oneAtATime.withPermit(Effect.suspend(() =>
      committed.has(token) ? Effect.succeed([]) : Effect.onExit(
        write(token, records),
        (exit) => exit._tag === "Success" ? Effect.void : Effect.promise(() => drop(token).catch(() => {}))
      )
    ))

  const commit = async (token: JobSink.CommitToken): Promise<ReadonlyArray<JobSink.Receipt>> => {
    const earlier = committed.get(token)
    if (earlier !== undefined) return earlier
    await lock.confirm()
    await settle()
    const work = staged.get(token)
    if (work === undefined) return []
    const receipts = work.built.flatMap(({ batchId, jobs }) => jobs.map((job) => receiptOf(batchId, job)))
    if (work.built.some(({ parts }) => parts.length > 0)) {
      if (work.commits !== commits) {
        throw new Failure.Problem("conflict", "another batch was committed since this one was staged: stage it again")
      }
      const intent = await intend(token, work.built)
      await keepReplaced(place, intent)
      // Once more: copying can take long.
      await lock.confirm()
      left = { intent, isDone: false }
      try {
        await writeIntent(place, intent)
        await carryOut(place, intent)
      } catch (error) {
        // What cannot be taken back now is taken back before the next step, or carried out at the next `open`.
        await settle().catch(() => {})
        throw error
      }
      left = { intent, isDone: true }
      commits++
      for (const built of work.built) learn(built)
      await forget(place, intent).then(() => left = undefined, () => {})
    } else await drop(token)
    staged.delete(token)
    committed.set(token, receipts)
    for (const oldest of committed.keys()) {
      if (committed.size <= remembered) break
      committed.delete(oldest)
    }
    return receipts
  }

  const intend = async (token: JobSink.CommitToken, built: ReadonlyArray<Built>): Promise<Intent> => {
    const files = built.flatMap(({ parts }) => parts.flatMap(({ files }) => files))
    const steps: Array<Intent["steps"][number]> = []
    for (const { from, size, to } of files) {
      const found = await Files.lstatOrNone(fs, join(place.output, to))
      if (found !== undefined && !found.isFile()) {
        throw new Failure.Problem("conflict", `${join(place.output, to)} is not a file: move it out of the way`)
      }
      steps.push({ from, to, size, isNew: found === undefined })
    }
    return { version: 1, token: tokenHash(token), steps }
  }

  /** Keeps in mind what a commit has changed. */
  const learn = ({ added, folder, parts }: Built) => {
    const found = known.get(folder)
    const last = parts.at(-1)
    if (found === undefined || last === undefined) return
    const { batch } = found
    batch.damaged = []
    place.damaged.delete(folder)
    for (const [job, part] of added) batch.index.add(job, part)
    for (const { full, part, weight } of parts) {
      if (part < batch.last) continue
      batch.last = part
      batch.weight = weight
      found.full = full
    }
  }

  return {
    sink: {
      stage,
      commit: (token) => alone("commit", () => commit(token)),
      abort: (token) =>
        alone("abort", async () => {
          await settle()
          await drop(token)
        }),
      finish: () =>
        alone("finish", async () => {
          await lock.confirm()
          await settle()
          await Files.syncDirectory(fs, place.intents)
          // A share is read by its merge alone.
          if (place.main === undefined) await keepReadable(place, settings.format)
        })
    },
    end: async () => {
      await settle()
      for (const token of staged.keys()) await drop(token)
    }
  }
}

const receiptOf = (batchId: string, { bytes, job, revision }: PartManifest.Job): JobSink.Receipt => ({
  batchId,
  jobId: job,
  revision,
  bytes
})

/** The records of each batch in order; a job that stands twice counts as its last record, at its first place. */
const byBatch = (
  records: ReadonlyArray<JobSink.JobRecord>
): ReadonlyArray<readonly [string, ReadonlyArray<JobSink.JobRecord>]> => {
  const batches = new Map<string, Map<string, JobSink.JobRecord>>()
  for (const record of records) {
    const jobs = batches.get(record.batchId) ?? new Map<string, JobSink.JobRecord>()
    batches.set(record.batchId, jobs.set(record.jobId, record))
  }
  return [...batches].map(([batchId, jobs]) => [batchId, [...jobs.values()]])
}

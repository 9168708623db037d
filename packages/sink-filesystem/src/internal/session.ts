/**
 * The sink while it is open: which tokens are staged and committed, one commit at a time.
 */
import type { JobSink } from "@labelstream/core"
import { Files, type Lock, type OpenPlace } from "@labelstream/files"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { join } from "node:path"
import * as Manifest from "../Manifest.ts"
import { inPlace } from "./compare.ts"
import { forEachLimit } from "./fs.ts"
import { type Intent, removeIntent, type Step, tokenHash, writeIntent } from "./intent.ts"
import { forEachInLanes } from "./lanes.ts"
import { markUnordered, putMarkedInOrder, sizeOf } from "./manifestFile.ts"
import { partsOf, type Place } from "./place.ts"
import { carryOut, forget, takeBack } from "./publish.ts"
import { lookOnce, type Staged, stageRecord } from "./staging.ts"
import { attempt } from "./step.ts"

/** Records written at the same time. Node syncs four files at once unless told otherwise. */
const recordsAtOnce = 8

/** Commits whose receipts can still be asked for a second time. */
const remembered = 64

/** Starts a session on a place that is locked and recovered. */
export const start = (place: Place, lock: Lock.Lock): OpenPlace.Session => {
  const { fs } = place
  const staged = new Map<JobSink.CommitToken, { readonly records: ReadonlyArray<Staged>; readonly since: number }>()
  const committed = new Map<JobSink.CommitToken, ReadonlyArray<JobSink.Receipt>>()
  const marked = new Set<string>()
  const oneAtATime = Semaphore.makeUnsafe(1)
  let sequence = 0
  // Counts commits begun and taken back: what a batch found when it was staged holds as long as there was none since.
  let changes = 0
  // An intent that is still on disk although its commit has ended: nothing else is published before it is gone.
  let left: { readonly intent: Intent; readonly isDone: boolean } | undefined

  const settle = async () => {
    if (left === undefined) return
    // Another process that took the place over has dealt with the intent: undoing it now would undo later commits.
    await lock.confirm()
    if (left.isDone) {
      await removeIntent(place, left.intent).catch((error: unknown) => {
        if (Files.codeOf(error) !== "ENOENT") throw error
      })
    } else {
      changes++
      await takeBack(place, left.intent)
    }
    left = undefined
  }

  const alone = <A>(step: JobSink.SinkError["step"], work: () => Promise<A>): Effect.Effect<A, JobSink.SinkError> =>
    oneAtATime.withPermit(attempt({ step }, work))

  const drop = (token: JobSink.CommitToken) => {
    staged.delete(token)
    return fs.remove(join(place.staging, tokenHash(token)))
  }

  const commit = async (token: JobSink.CommitToken): Promise<ReadonlyArray<JobSink.Receipt>> => {
    const earlier = committed.get(token)
    if (earlier !== undefined) return earlier
    await lock.confirm()
    await settle()
    const batch = staged.get(token)
    if (batch === undefined) return []
    const { records, since } = batch
    const receipts = records.map(({ line }) => receiptOf(line))
    if (records.length > 0) {
      const intent = await intend(token, records, changes++ === since)
      // Once more: comparing files can take long.
      await lock.confirm()
      left = { intent, isDone: false }
      try {
        await writeIntent(place, intent)
        await carryOut(place, intent)
      } catch (error) {
        // What cannot be taken back now is taken back before the next commit, or carried out at the next `open`.
        await settle().catch(() => {})
        throw error
      }
      left = { intent, isDone: true }
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

  const intend = async (
    token: JobSink.CommitToken,
    records: ReadonlyArray<Staged>,
    isAsStaged: boolean
  ): Promise<Intent> => {
    const folders = [...new Set(records.map(({ folder }) => folder))]
    const stored = await stampOf(token)
    for (const folder of folders) await mark(folder)
    const manifests: Array<Intent["manifests"][number]> = []
    for (const folder of folders) {
      manifests.push({ folder, size: await sizeOf(fs, join(place.output, folder, Manifest.fileName)) })
    }
    const steps: Array<Step> = []
    await forEachLimit(records, recordsAtOnce, async ({ folder, isFree, line, number }, index) => {
      const found = isAsStaged && isFree ? "nothing" : await inPlace(fs, join(place.output, folder), line)
      steps[index] = {
        folder,
        number,
        unchanged: found === "same",
        isNew: found === "nothing",
        line: { ...line, ...stored }
      }
    })
    return { version: 1, token: tokenHash(token), sequence: sequence++, manifests, steps }
  }

  /**
   * When a batch was staged, where several write: by the clock of the file system, which is the same for all of them when
   * their own are not.
   */
  const stampOf = async (token: JobSink.CommitToken): Promise<Pick<Manifest.Line, "stored">> => {
    if (place.main === undefined && await fs.find(place.writers) === undefined) return {}
    return { stored: (await fs.lstat(join(place.staging, tokenHash(token)))).mtimeMs }
  }

  /** A part is never put in order: its lines go to the place that it is a part of. */
  const mark = async (folder: string) => {
    if (marked.has(folder) || place.main !== undefined) return
    await markUnordered(place, folder)
    marked.add(folder)
  }

  const finish = async ({ completed }: JobSink.RunEnd) => {
    await lock.confirm()
    await settle()
    // An intent that came back after a crash would cut the manifests at sizes from before they were put in order.
    await Files.syncDirectory(fs, place.intents)
    // While there are parts, the lines must keep the times that tell which of two is later.
    if (!completed || (await partsOf(place)).length > 0) return
    await putMarkedInOrder(place)
    marked.clear()
  }

  const write = Effect.fnUntraced(function*(token: JobSink.CommitToken, records: ReadonlyArray<JobSink.JobRecord>) {
    const folder = join(place.staging, tokenHash(token))
    if (left?.intent.token === tokenHash(token)) yield* alone("stage", settle)
    yield* attempt({ step: "stage" }, async () => {
      await drop(token)
      await fs.mkdir(folder)
    })
    const since = changes
    const isThere = lookOnce(fs)
    const results = yield* forEachInLanes(
      latestOfEach(records),
      recordsAtOnce,
      (record, number) => isolate(record, stageRecord(place, folder, isThere, number, record))
    )
    yield* attempt({ step: "stage" }, async () => {
      await Files.syncDirectory(fs, folder)
      await Files.syncDirectory(fs, place.staging)
    })
    staged.set(token, { records: results.filter(Result.isSuccess).map(({ success }) => success), since })
    return results.filter(Result.isFailure).map(({ failure }) => failure)
  })

  const stage = (token: JobSink.CommitToken, records: ReadonlyArray<JobSink.JobRecord>) =>
    Effect.suspend(() =>
      committed.has(token) ? Effect.succeed([]) : Effect.onExit(
        write(token, records),
        (exit) => exit._tag === "Success" ? Effect.void : Effect.promise(() => ignore(discard(token)))
      )
    )

  /** What a stage that failed has left; not what a commit that could not be taken back still needs. */
  const discard = (token: JobSink.CommitToken) =>
    left?.intent.token === tokenHash(token) ? Promise.resolve() : drop(token)

  return {
    sink: {
      stage,
      commit: (token) => alone("commit", () => commit(token)),
      abort: (token) =>
        alone("abort", async () => {
          if (left?.intent.token === tokenHash(token)) await settle()
          await drop(token)
        }),
      finish: (end) => alone("finish", () => finish(end))
    },
    end: async () => {
      await settle()
      for (const token of staged.keys()) await drop(token)
    }
  }
}

const ignore = (promise: Promise<unknown>): Promise<void> => promise.then(() => {}, () => {})

const receiptOf = ({ batch, bytes, job, revision }: Manifest.Line): JobSink.Receipt => ({
  batchId: batch,
  jobId: job,
  revision,
  bytes
})

/** A job that stands twice in a batch counts as its last record. */
const latestOfEach = (records: ReadonlyArray<JobSink.JobRecord>): ReadonlyArray<JobSink.JobRecord> => {
  const latest = new Map(records.map((record) => [JSON.stringify([record.batchId, record.jobId]), record]))
  return latest.size === records.length ? records : [...latest.values()]
}

/** A failure that is about one record rejects this record; any other fails the batch. */
const isolate = (record: JobSink.JobRecord, effect: Effect.Effect<Staged, JobSink.SinkError>) =>
  Effect.matchEffect(effect, {
    onSuccess: (staged) => Effect.succeed(Result.succeed(staged)),
    onFailure: (error): Effect.Effect<Result.Result<Staged, JobSink.Rejection>, JobSink.SinkError> =>
      error.reason === "rejected" || error.reason === "conflict"
        ? Effect.succeed(Result.fail({ batchId: record.batchId, jobId: record.jobId, error }))
        : Effect.fail(error)
  })

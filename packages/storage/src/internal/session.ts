/** A sink while its target is open: which tokens are staged and committed, one step at a time. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Attempt } from "../Failure.ts"
import { syncDirectory } from "../Files.ts"
import type * as Journal from "../Journal.ts"
import type { Target } from "../Target.ts"
import type { Step } from "./intent.ts"

/** When a batch was staged, in milliseconds since 1970 by the clock of the file system; only where several write. */
export interface Stamp {
  readonly stored?: number
}

/** Returns the stamp of one job of a batch. A lease orders jobs better than the time, which is late after a freeze. */
export const stampOf = (stamp: Stamp, { lease }: JobSink.JobRecord): Stamp =>
  stamp.stored === undefined || lease === undefined ? stamp : { stored: lease / 1000 }

/** What a format does while its target is open. */
export interface Work<S> {
  /** Writes records, each of another job, into an empty folder, synced. Of each job is said {@link stampOf} `stamp`. */
  readonly stage: (
    folder: string,
    records: ReadonlyArray<JobSink.JobRecord>,
    stamp: Stamp
  ) => Effect.Effect<{ readonly staged: S; readonly rejected: ReadonlyArray<JobSink.Rejection> }, JobSink.SinkError>
  readonly receiptsOf: (staged: S) => ReadonlyArray<JobSink.Receipt>
  /** What a commit changes. `isCurrent` unless another batch was committed since this one was staged. */
  readonly changesOf: (staged: S, isCurrent: boolean) => Promise<ReadonlyArray<Step>>
  /** Called after each commit that changed something. */
  readonly onCommitted?: (staged: S) => void
  /** Ends a run. Returns what readers must know, for people. */
  readonly finish: (end: JobSink.RunEnd) => Effect.Effect<string | void, JobSink.SinkError>
}

/** What is open, and how it ends. */
export interface Session {
  readonly sink: JobSink.OpenSink
  /** Drops what is staged and not committed. */
  readonly end: () => Promise<void>
}

/** Starts a session. The receipts of the last `remembered` commits can be asked for a second time. */
export const start = <S>(
  target: Target,
  journal: Journal.Journal,
  work: Work<S>,
  remembered: number,
  attempt: Attempt
): Session => {
  const { fs } = target
  const staged = new Map<JobSink.CommitToken, { readonly batch: S; readonly since: number }>()
  const committed = new Map<JobSink.CommitToken, ReadonlyArray<JobSink.Receipt>>()
  const oneAtATime = Semaphore.makeUnsafe(1)
  let commits = 0

  const alone = <A>(step: JobSink.SinkError["step"], run: () => Promise<A>): Effect.Effect<A, JobSink.SinkError> =>
    oneAtATime.withPermit(attempt({ step }, run))

  const drop = (token: JobSink.CommitToken) => {
    staged.delete(token)
    return journal.drop(token)
  }

  const stampOfBatch = async (folder: string): Promise<Stamp> =>
    target.main === undefined && await fs.find(target.writers) === undefined
      ? {}
      : { stored: (await fs.lstat(folder)).mtimeMs }

  const write = Effect.fnUntraced(function*(token: JobSink.CommitToken, records: ReadonlyArray<JobSink.JobRecord>) {
    const folder = journal.folderOf(token)
    const stamp = yield* attempt({ step: "stage" }, async () => {
      await journal.settle()
      await drop(token)
      await fs.mkdir(folder)
      return stampOfBatch(folder)
    })
    const { rejected, staged: batch } = yield* work.stage(folder, latestOfEach(records), stamp)
    yield* attempt({ step: "stage" }, async () => {
      await syncDirectory(fs, folder)
      await syncDirectory(fs, target.staging)
    })
    staged.set(token, { batch, since: commits })
    return rejected
  })

  const commit = async (token: JobSink.CommitToken): Promise<ReadonlyArray<JobSink.Receipt>> => {
    const earlier = committed.get(token)
    if (earlier !== undefined) return earlier
    await journal.confirm()
    await journal.settle()
    const found = staged.get(token)
    if (found === undefined) return []
    const { batch, since } = found
    const receipts = work.receiptsOf(batch)
    const steps = await work.changesOf(batch, since === commits)
    if (steps.length === 0) await drop(token)
    else {
      await journal.commit(token, steps)
      commits++
      work.onCommitted?.(batch)
    }
    staged.delete(token)
    committed.set(token, receipts)
    for (const oldest of committed.keys()) {
      if (committed.size <= remembered) break
      committed.delete(oldest)
    }
    return receipts
  }

  return {
    sink: {
      stage: (token, records) =>
        oneAtATime.withPermit(Effect.suspend(() =>
          committed.has(token) ? Effect.succeed([]) : Effect.onExit(
            // What was taken over is no longer there.
            Effect.tapError(write(token, records), () => attempt({ step: "stage" }, journal.confirm)),
            (exit) => exit._tag === "Success" ? Effect.void : Effect.promise(() => drop(token).catch(() => {}))
          )
        )),
      commit: (token) => alone("commit", () => commit(token)),
      abort: (token) =>
        alone("abort", async () => {
          await journal.settle()
          await drop(token)
        }),
      finish: (end) =>
        oneAtATime.withPermit(Effect.andThen(
          attempt({ step: "finish" }, async () => {
            await journal.confirm()
            await journal.settle()
            // An intent that came back after a crash would undo what a format does at the end of a run.
            await syncDirectory(fs, target.intents)
          }),
          work.finish(end)
        ))
    },
    end: async () => {
      await journal.settle()
      for (const token of staged.keys()) await drop(token)
    }
  }
}

/** A job that is twice in a batch counts as its last record, at its first position. */
const latestOfEach = (records: ReadonlyArray<JobSink.JobRecord>): ReadonlyArray<JobSink.JobRecord> => {
  const latest = new Map(records.map((record) => [JSON.stringify([record.batchId, record.jobId]), record]))
  return latest.size === records.length ? records : [...latest.values()]
}

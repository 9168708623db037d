/**
 * Makes a sink of a format of files. Staged files go into a folder per token. A commit makes the changes that the
 * format names, through a journal. One process writes, or several with a branch each. The format knows names,
 * encodings, and manifests; locks, tokens, receipts, and failures are here.
 */
import { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { basename } from "node:path"
import * as Failure from "./Failure.ts"
import type { Fs } from "./Fs.ts"
import { start, type Work } from "./internal/session.ts"
import * as Journal from "./Journal.ts"
import * as Lock from "./Lock.ts"
import * as Target from "./Target.ts"

export { type Stamp, stampOf, type Work } from "./internal/session.ts"

/** A format of files in a folder. */
export interface Format<T extends Target.Target, S> {
  readonly name: string
  readonly version: string
  readonly capabilities: JobSink.Capabilities
  /** Why the options cannot be used, for people, as `OptionError.problem` says it; undefined if they can. */
  readonly obstacle: string | undefined
  readonly journal: Journal.Options
  /** Commits whose receipts can be asked for a second time. */
  readonly remembered: number
  readonly at: Target.At<T>
  /** Fails if the sink cannot write into this output folder, which is there. Changes nothing. */
  readonly check: (target: T) => Promise<void>
  /** Readies a target that is locked, and on which no commit is unfinished. */
  readonly recover: (target: T) => Promise<void>
  /** What is done while the target is open; the journal is for what `finish` changes. */
  readonly work: (target: T, journal: Journal.Journal) => Work<S>
  /** For several writers, if `capabilities.writers` is `many`. */
  readonly branches?: {
    /** Brings what some branches hold into their target. Returns how many jobs came. */
    readonly merge: (target: T, branches: ReadonlyArray<T>, journal: Journal.Journal) => Promise<number>
    /** Ends a merge that is not part of an `open`. */
    readonly merged: (target: T, merged: JobSink.Merged) => Promise<void>
  }
  readonly inspect: (
    targets: Target.WithBranches<T>,
    depth: JobSink.InspectDepth
  ) => AsyncIterable<ReadonlyArray<JobSink.Inspected>>
  /** Returns the name of a path of `inspect` in an unfinished commit, such as the path of its job. */
  readonly unitOf: (path: string) => string
  readonly count: (targets: Target.WithBranches<T>) => Promise<number>
  readonly replay?: (targets: Target.WithBranches<T>) => AsyncIterable<JobSink.StoredJob>
}

/** Makes a sink that writes into a folder. */
export const make = <T extends Target.Target, S>(format: Format<T, S>, fs: Fs, directory: string): JobSink.JobSink => {
  const { at, branches, capabilities, name, obstacle, replay, version } = format
  // With invalid options, every step fails before it looks at the target.
  const target = at(fs, obstacle === undefined ? directory : "")
  const needSound = () => {
    if (obstacle !== undefined) throw new Failure.Problem("misconfigured", obstacle)
  }
  const [attempt, toSinkError] = [Failure.attempt(name), Failure.toSinkError(name)]
  const openJournal = (target: T) => {
    needSound()
    return Journal.open(target, format.journal, format.recover)
  }
  const merge = ({ merge }: NonNullable<typeof branches>, journal: Journal.Journal) =>
    Journal.merge(at, target, journal, openJournal, (branches, journal) => merge(target, branches, journal))
  const open = (target: T): Effect.Effect<JobSink.OpenSink, JobSink.SinkError, Scope.Scope> =>
    Effect.gen(function*() {
      const { journal, session } = yield* Effect.acquireRelease(
        attempt({ step: "open" }, async () => {
          const journal = await openJournal(target)
          try {
            if (target.main === undefined && branches !== undefined) await merge(branches, journal)
          } catch (error) {
            await journal.release()
            throw error
          }
          return { journal, session: start(target, journal, format.work(target, journal), format.remembered, attempt) }
        }),
        ({ journal, session }) =>
          Effect.promise(async () => {
            if (!await journal.confirm().then(() => true, () => false)) return
            // Should this fail, the next process that locks the target does it.
            await session.end().catch(() => {})
            await journal.release()
          })
      )
      yield* Effect.sleep(Lock.touchEvery).pipe(
        Effect.andThen(Effect.promise(() => journal.touch().catch(() => {}))),
        Effect.forever,
        Effect.forkScoped
      )
      return session.sink
    })
  const branchOf = (writer: string): T => {
    if (JobSink.isWriterName(writer)) return Target.branchOf(at, target, writer)
    const detail = `${JSON.stringify(writer)} is no name for a writer: 1 to 64 of a-z, 0-9 and -, the first no -`
    throw new Failure.Problem("misconfigured", detail)
  }
  const withBranches = async (): Promise<Target.WithBranches<T>> => {
    needSound()
    return [target, ...branches === undefined ? [] : await Target.branchesOf(at, target)]
  }
  const unlock = Effect.fnUntraced(function*(gone: ReadonlySet<string>) {
    const own: Array<Lock.Lock> = []
    let isFreed = false
    yield* Effect.addFinalizer(() =>
      Effect.promise(async () => {
        for (const lock of own) await lock.release().catch(() => {})
      })
    )
    yield* Effect.uninterruptible(attempt({ step: "merge" }, async () => {
      for (const one of await withBranches()) {
        if (!await Lock.free(one, gone)) continue
        isFreed = true
        // If another process was faster, it has the lock now.
        await Lock.acquire(one).then((lock) => own.push(lock), () => {})
      }
    }))
    // A process that was taken for gone may have confirmed its lock a moment ago.
    if (isFreed) yield* Effect.sleep(Journal.confirmedFor)
    return isFreed
  })
  const read = <A>(items: (targets: Target.WithBranches<T>) => AsyncIterable<A>) =>
    Stream.unwrap(
      Effect.map(
        attempt({ step: "inspect" }, withBranches),
        (targets) => Stream.fromAsyncIterable(items(targets), toSinkError({ step: "inspect" }))
      )
    )
  return {
    name,
    version,
    id: `${name}:${target.output}`,
    capabilities,
    check: attempt({ step: "check" }, async () => {
      needSound()
      if (await Target.check(target)) await format.check(target)
      await Lock.checkFree(target)
    }),
    open: open(target),
    ...branches === undefined ? {} : {
      branches: {
        open: (writer) => Effect.flatMap(attempt({ step: "open" }, async () => branchOf(writer)), open),
        merge: attempt({ step: "merge" }, async () => {
          const journal = await openJournal(target)
          try {
            const merged = await merge(branches, journal)
            await branches.merged(target, merged)
            return merged
          } finally {
            await journal.release()
          }
        }),
        list: attempt({ step: "merge" }, async () => {
          needSound()
          const found: Array<JobSink.Branch> = []
          for (const branch of await Target.branchesOf(at, target)) {
            found.push({ writer: basename(branch.output), holder: await Lock.holderOf(branch) })
          }
          return found
        }),
        takeOver: (writer) =>
          attempt({ step: "merge" }, async () => {
            const journal = await openJournal(target)
            try {
              await Journal.takeOver(branchOf(writer))
            } finally {
              await journal.release()
            }
          }),
        unlock: (gone) => Effect.scoped(unlock(gone))
      }
    },
    inspect: (depth) => read((targets) => naming(target, format.unitOf, format.inspect(targets, depth))),
    count: attempt({ step: "inspect" }, async () => format.count(await withBranches())),
    ...replay === undefined ? {} : { replay: read(replay) }
  }
}

/** Distinguishes leftovers of an unfinished commit from damage and from foreign files. */
async function* naming(
  target: Target.Target,
  unitOf: (path: string) => string,
  found: AsyncIterable<ReadonlyArray<JobSink.Inspected>>
): AsyncGenerator<ReadonlyArray<JobSink.Inspected>> {
  const pending = new Set(Array.from(await Journal.pending(target), unitOf))
  const isPending = (path: string) =>
    pending.has(unitOf(path)) || Array.from(pending).some((unit) => unit.startsWith(`${path}/`))
  const named = (item: JobSink.Inspected): JobSink.Inspected =>
    item._tag === "Intact" || !isPending(item.path) ? item : { ...item, _tag: "Leftover" }
  for await (const items of found) yield pending.size === 0 ? items : items.map(named)
}

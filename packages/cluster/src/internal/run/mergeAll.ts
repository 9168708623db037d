/**
 * Merges all branches of a sink, from every export and runner: an export is complete only if readers see what its branches
 * hold. A merge takes over the branch of a runner that is gone.
 */
import { ExportReport, type JobSink, type Ledger } from "@labelstream/core"
import { batchKey } from "@labelstream/node/LedgerSql"
import type * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { ClusterError } from "../../ClusterError.ts"
import * as ExportRequest from "../../ExportRequest.ts"
import { ExportStore, type Writer } from "../../ExportStore.ts"
import type { Known } from "../sessions.ts"
import { goneOf } from "./gone.ts"
import { type Say, unlock, whenFree } from "./whenFree.ts"

/** Runners that have just ended their slices still close their branches. The lock of an unknown runner lasts two minutes. */
const whileOpen = Schedule.spaced("500 millis").pipe(Schedule.upTo({ duration: "3 minutes" }))

type Branches = NonNullable<JobSink.JobSink["branches"]>

/** Merges until no branch holds jobs of this export's batches. After 3 minutes, fails and names the holders of branches. */
export const mergeAll = Effect.fnUntraced(function*(known: Known, sink: JobSink.JobSink, say: Say): Effect.fn.Return<
  void,
  JobSink.SinkError | Ledger.LedgerError | ClusterError,
  ExportStore | RunnerStorage.RunnerStorage
> {
  const { branches } = sink
  if (branches === undefined) return
  yield* mergeOnce(known, sink.id, branches, say).pipe(
    Effect.tapError((error) =>
      error._tag === "ClusterError" ? say(`waiting for runners to close their branches: ${error.detail}`) : Effect.void
    ),
    Effect.retry({ schedule: whileOpen, while: (error) => error._tag === "ClusterError" }),
    Effect.tap(say(null))
  )
})

/** Makes one attempt. Fails with a `ClusterError` if an open branch may hold jobs of this export. */
export const mergeOnce = Effect.fnUntraced(function*(known: Known, sink: string, branches: Branches, say: Say) {
  const store = yield* ExportStore
  const targets = [{ branches }]
  for (;;) {
    const { stillOpen } = yield* whenFree(say, targets, branches.merge)
    if (stillOpen.length === 0) return
    const writers = new Map((yield* store.writers(stillOpen)).map((writer) => [writer.writer, writer]))
    const gone = yield* goneOf(Array.from(writers.values()))
    yield* Effect.forEach(gone, ({ writer }) => whenFree(say, targets, branches.takeOver(writer)), { discard: true })
    // A runner that merged a branch when it was killed has it locked, too.
    if (gone.length > 0 || (yield* unlock(targets))) continue
    const blocking = stillOpen.filter((name) => !isOfOthers(known, writers.get(name)))
    return yield* blocking.length === 0 ? Effect.void : unpublished(sink, branches, blocking, writers)
  }
})

/** Whether a branch belongs to another running export, of other batches: that export publishes it. */
const isOfOthers = ({ request }: Known, writer: Writer | undefined): boolean => {
  if (writer === undefined || !writer.isRunning) return false
  const ours = new Set(request.batches.map(batchKey))
  return ExportRequest.batchesOf(writer.request)?.every((batch) => !ours.has(batchKey(batch))) === true
}

const unpublished = Effect.fnUntraced(function*(
  sink: string,
  branches: Branches,
  names: ReadonlyArray<string>,
  writers: ReadonlyMap<string, Writer>
) {
  const open = (yield* branches.list).filter(({ writer }) => names.includes(writer))
  const named = open.map(({ holder, writer }): JobSink.Branch => {
    const { exportId, runner } = writers.get(writer) ?? {}
    const known = runner === undefined ? [] : [`runner ${runner} for export ${exportId}`]
    return { writer, holder: [...known, ...holder === null ? [] : [holder]].join(", ") || null }
  })
  return yield* new ClusterError({ reason: "aborted", detail: `${sink}: ${ExportReport.describeBranches(named)}` })
})

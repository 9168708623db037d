/** How the reference sink is wrapped, so that it breaks one promise. */
import type { JobSink, MemorySink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"

export type Store = MemorySink.Store
type Stored = MemorySink.StoredJob
type Sink = MemorySink.MemorySink

/** Replaces steps of the open sink. */
export const steps = (
  sink: Sink,
  change: (open: JobSink.OpenSink, store: Store) => Partial<JobSink.OpenSink>
): JobSink.JobSink => ({
  ...sink,
  open: Effect.map(sink.open, (open) => ({ ...open, ...change(open, sink.store) }))
})

/** Changes what a commit leaves in the store. `before` is the earlier value of the same key. */
export const stored = (
  sink: Sink,
  change: (job: Stored, before: Stored | undefined, batch: ReadonlyArray<Stored>, key: string) => Stored | undefined
) =>
  steps(sink, (open, store) => ({
    commit: (token) =>
      Effect.gen(function*() {
        const before = new Map(store.jobs)
        const receipts = yield* open.commit(token)
        const isNew = ([key, job]: [string, Stored]) => before.get(key) !== job
        const changed = [...store.jobs].filter(isNew)
        for (const [key, job] of changed) {
          const other = change(job, before.get(key), changed.map(([, one]) => one), key)
          if (other === undefined) store.jobs.delete(key)
          else store.jobs.set(key, other)
        }
        return receipts
      })
  }))

export const rows = (sink: Sink, change: (row: Stored["rows"][number]) => Stored["rows"][number]) =>
  stored(sink, (job) => ({ ...job, rows: job.rows.map(change) }))

export const isPoison = ({ attachments, document }: JobSink.JobRecord) =>
  [document, ...attachments.map(({ content }) => content)].some(({ bytes, sha256 }) =>
    bytes === undefined && sha256 !== ""
  )

/** A way to break one rule. */
export interface Flaw {
  /** Other rules that see the same fault, since they cover it too. */
  readonly also?: ReadonlyArray<string>
  /** What the rule says about it. A rule that fails for another reason has not caught it. */
  readonly says: RegExp
  readonly change: (sink: Sink) => JobSink.JobSink
}

/** Wrappers around the reference sink that break one promise each, by the id of the rule. */
import { JobSink, type MemorySink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

type Store = MemorySink.Store
type Stored = MemorySink.StoredJob
type Sink = MemorySink.MemorySink

/** Replaces steps of the open sink. */
const steps = (
  sink: Sink,
  change: (open: JobSink.OpenSink, store: Store) => Partial<JobSink.OpenSink>
): JobSink.JobSink => ({
  ...sink,
  open: Effect.map(sink.open, (open) => ({ ...open, ...change(open, sink.store) }))
})

/** Changes what a commit leaves in the store. `before` is the earlier value of the same key. */
const stored = (
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

const rows = (sink: Sink, change: (row: Stored["rows"][number]) => Stored["rows"][number]) =>
  stored(sink, (job) => ({ ...job, rows: job.rows.map(change) }))

const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)

const isPoison = ({ attachments, document }: JobSink.JobRecord) =>
  [document, ...attachments.map(({ content }) => content)].some(({ bytes, sha256 }) =>
    bytes === undefined && sha256 !== ""
  )

const receipt = ({ attachments, batchId, document, jobId, revision }: JobSink.JobRecord): JobSink.Receipt => ({
  batchId,
  jobId,
  revision,
  bytes: attachments.reduce((sum, { content }) => sum + content.size, document.size)
})

const rejectedAs = ({ batchId, jobId }: JobSink.JobRecord): JobSink.Rejection => ({
  batchId,
  jobId,
  error: new JobSink.SinkError({ sink: "memory", step: "stage", reason: "rejected", detail: "no", batchId, jobId })
})

let made = 0

/** A way to break one rule. */
interface Flaw {
  /** Other rules that see the same fault, since they cover it too. */
  readonly also?: ReadonlyArray<string>
  /** What the rule says about it. A rule that fails for another reason has not caught it. */
  readonly says: RegExp
  readonly change: (sink: Sink) => JobSink.JobSink
}

/** By the id of the rule. */
export const memoryFlaws: Readonly<Record<string, Flaw>> = {
  L01: {
    says: /inspect finds .*"Modified"/,
    also: ["X01"],
    change: (sink) => {
      const ghost = { projectId: "", batchId: "", jobId: "", revision: { document: "", attachments: "" }, rows: [] }
      const empty = new Uint8Array()
      return steps(sink, (open, store) => ({
        stage: (token, records) =>
          Effect.andThen(Effect.sync(() => store.jobs.delete("ghost")), open.stage(token, records)),
        finish: (end) =>
          Effect.andThen(
            open.finish(end),
            Effect.sync(() => {
              if (store.jobs.size === 0) store.jobs.set("ghost", { ...ghost, document: empty, attachments: [] })
            })
          )
      }))
    }
  },
  L02: {
    says: /made twice, it describes itself differently/,
    change: (sink) => ({ ...sink, version: String(made++) })
  },
  W01: {
    says: /job "image-segmentation": nested file 0 differs/,
    change: (sink) =>
      stored(
        sink,
        (job) => ({ ...job, attachments: job.attachments.map((file) => new TextEncoder().encode(text(file))) })
      )
  },
  W02: {
    says: /within the limits: job "job-64" is missing/,
    change: (sink) => stored(sink, (job, _, batch) => batch.length >= 64 && job === batch.at(-1) ? undefined : job)
  },
  W03: {
    says: /job "texts": label of annotation \d+ is "nul ", not "nul \\u0000 inside"/,
    change: (sink) => rows(sink, (row) => ({ ...row, label: row.label.split("\0", 1).join() }))
  },
  W08: {
    says: /job "zero-0": x_min of annotation 0 is 0, not -0/,
    change: (sink) => rows(sink, (row) => ({ ...row, x_min: row.x_min === null ? null : row.x_min + 0 }))
  },
  W04: {
    says: /job "together": attributes of annotation 0 is .*, not .*__proto__/,
    change: (sink) =>
      rows(sink, (row) => {
        if (!row.attributes.includes("__proto__")) return row
        const kept: Record<string, unknown> = {}
        for (const [name, value] of Object.entries(JSON.parse(row.attributes) as object)) kept[name] = value
        return { ...row, attributes: JSON.stringify(kept) }
      })
  },
  S01: {
    says: /job "null": attributes of annotation 0 /,
    change: (sink) => rows(sink, (row) => ({ ...row, attributes: row.attributes.replace("\"name\":null,", "") }))
  },
  S02: {
    says: /job "second": attributes of annotation 0 is .*, not .*added/,
    change: (sink) => {
      let isKnown = false
      return rows(sink, (row) => {
        const isLost = isKnown && row.attributes.includes("\"added\"")
        if (row.attributes.includes("\"known\"")) isKnown = true
        return isLost ? { ...row, attributes: "{\"known\":1}" } : row
      })
    }
  },
  S03: {
    says: /job "third": x_min of annotation 0 is null, not 0.1/,
    change: (sink) => {
      let isEmpty: boolean | undefined
      return rows(sink, (row) => {
        isEmpty ??= row.x_min === null && row.geometry === "[]"
        return isEmpty && row.x_min !== null ? { ...row, x_min: null } : row
      })
    }
  },
  S04: {
    says: /job "spaced": the document differs/,
    change: (sink) =>
      stored(
        sink,
        (job) =>
          /^\s/.test(text(job.document))
            ? { ...job, document: new TextEncoder().encode(text(job.document).trim()) }
            : job
      )
  },
  A01: {
    says: /staged in an empty target: .* should not be/,
    also: ["X01"],
    change: (sink) =>
      steps(sink, (open, store) => {
        const early = new Map<string, ReadonlyArray<string>>()
        return {
          stage: (token, records) =>
            Effect.gen(function*() {
              const rejections = yield* open.stage(token, records)
              const keys: Array<string> = []
              for (const record of records) {
                const key = JSON.stringify([record.batchId, record.jobId])
                if (store.jobs.has(key) || isPoison(record)) continue
                keys.push(key)
                store.jobs.set(key, {
                  ...record,
                  document: record.document.bytes!,
                  attachments: record.attachments.map(({ content }) => content.bytes!),
                  rows: []
                })
              }
              early.set(token, keys)
              return rejections
            }),
          abort: (token) =>
            Effect.andThen(
              open.abort(token),
              Effect.sync(() => {
                for (const key of early.get(token) ?? []) store.jobs.delete(key)
              })
            ),
          commit: (token) => {
            early.delete(token)
            return open.commit(token)
          }
        }
      })
  },
  A02: {
    says: /while commit was under way: /,
    change: (sink) =>
      steps(sink, (open, store) => ({
        commit: (token) =>
          Effect.uninterruptible(Effect.gen(function*() {
            const before = new Map(store.jobs)
            const receipts = yield* open.commit(token)
            const after = new Map(store.jobs)
            store.jobs.clear()
            for (const [key, job] of before) store.jobs.set(key, job)
            for (const [key, job] of after) {
              store.jobs.set(key, job)
              yield* Effect.sleep(1)
            }
            return receipts
          }))
      }))
  },
  A03: {
    says: /the same commit again does not give one receipt/,
    also: ["X01"],
    change: (sink) =>
      steps(sink, (open) => {
        const known = new Set<string>()
        return {
          commit: (token) =>
            known.has(token)
              ? Effect.succeed([])
              : Effect.tap(open.commit(token), () => Effect.sync(() => known.add(token)))
        }
      })
  },
  A04: {
    says: /staged twice and committed: .* is there twice/,
    change: (sink) =>
      steps(sink, (open, store) => {
        const counts = new Map<string, number>()
        return {
          stage: (token, records) => {
            counts.set(token, (counts.get(token) ?? 0) + 1)
            return open.stage(token, records)
          },
          commit: (token) =>
            Effect.tap(open.commit(token), () =>
              Effect.sync(() => {
                if ((counts.get(token) ?? 0) < 2) return
                for (const [key, job] of Array.from(store.jobs)) store.jobs.set(`${key} again`, job)
              }))
        }
      })
  },
  A05: {
    says: /after the second run: .* is there twice/,
    also: ["C06", "R01", "X01"],
    change: (sink) =>
      stored(sink, (job, before, _, key) => {
        if (before?.revision.document === job.revision.document) sink.store.jobs.set(`${key} again`, job)
        return job
      })
  },
  A06: {
    says: /replaced in a later run: .* nested files, not/,
    also: ["A02", "A09", "C06", "X01"],
    change: (sink) =>
      stored(sink, (job, before) => ({
        ...job,
        attachments: [...job.attachments, ...before?.attachments.slice(job.attachments.length) ?? []]
      }))
  },
  A07: {
    says: /after abort of what was committed: .* is missing/,
    also: ["X01"],
    change: (sink) =>
      steps(sink, (open, store) => {
        const committed = new Map<string, ReadonlyArray<JobSink.Receipt>>()
        return {
          commit: (token) =>
            Effect.tap(open.commit(token), (receipts) => Effect.sync(() => committed.set(token, receipts))),
          abort: (token) =>
            Effect.andThen(
              open.abort(token),
              Effect.sync(() => {
                for (const { batchId, jobId } of committed.get(token) ?? []) {
                  store.jobs.delete(JSON.stringify([batchId, jobId]))
                }
              })
            )
        }
      })
  },
  A08: {
    says: /job-0: 269 bytes, 268 are stored/,
    also: ["X01"],
    change: (sink) =>
      steps(sink, (open) => ({
        commit: (token) =>
          Effect.map(open.commit(token), (receipts) => receipts.map((one) => ({ ...one, bytes: one.bytes + 1 })))
      }))
  },
  A09: {
    says: /opened again, inspect .* no receipt for 6 of 6/,
    change: (sink) => {
      const { store } = sink as { readonly store: Store & { isLost?: boolean } }
      const opened = {
        ...sink,
        open: Effect.tap(sink.open, () => Effect.sync(() => void (store.isLost = store.jobs.size > 0)))
      }
      return {
        ...steps(opened, (open) => ({
          commit: (token) => Effect.tap(open.commit(token), () => Effect.sync(() => void (store.isLost = false)))
        })),
        inspect: (depth) => Stream.suspend(() => store.isLost === true ? Stream.empty : sink.inspect(depth))
      }
    }
  },
  C06: {
    says: /stage interrupted at moment \d+: .* is missing/,
    change: (sink) =>
      steps(sink, (open, store) => ({
        stage: (token, records) =>
          Effect.onInterrupt(open.stage(token, records), () =>
            Effect.sync(() => {
              store.jobs.delete([...store.jobs.keys()][0] ?? "")
            }))
      }))
  },
  F02: {
    says: /four good ones, 6 are rejected/,
    change: (sink) =>
      steps(sink, (open) => ({
        stage: (token, records) =>
          Effect.gen(function*() {
            const rejections = yield* open.stage(token, records)
            if (rejections.length === 0) return rejections
            yield* open.abort(token)
            return records.map(rejectedAs)
          })
      }))
  },
  O01: {
    says: /bad-document gets 2 receipts and rejections/,
    change: (sink) =>
      steps(sink, (open) => {
        const poison = new Map<string, ReadonlyArray<JobSink.JobRecord>>()
        return {
          stage: (token, records) =>
            Effect.map(open.stage(token, records), (rejections) => {
              poison.set(token, rejections.length > 0 ? records.filter(isPoison) : [])
              return rejections
            }),
          commit: (token) =>
            Effect.map(open.commit(token), (receipts) => [...receipts, ...(poison.get(token) ?? []).map(receipt)])
        }
      })
  },
  O03: {
    says: /does not name its job and batch/,
    change: (sink) =>
      steps(sink, (open) => ({
        stage: (token, records) =>
          Effect.map(open.stage(token, records), (rejections) =>
            rejections.map(({ batchId, error: { detail, reason, sink: name, step }, jobId }) => ({
              batchId,
              jobId,
              error: new JobSink.SinkError({ detail, reason, sink: name, step })
            })))
      }))
  },
  P01: {
    says: /returned before its contents had arrived/,
    change: (sink) =>
      steps(sink, (open) => {
        const records = new Map<string, ReadonlyArray<JobSink.JobRecord>>()
        return {
          stage: (token, of) => {
            const staging = Effect.andThen(open.stage(token, of), open.commit(token))
            return Effect.gen(function*() {
              if (!of.some(({ document }) => document.bytes === undefined)) return yield* open.stage(token, of)
              const direct = Effect.map(open.stage(token, of), (rejections) => ({ rejections, isDone: true }))
              const hasty = Effect.as(Effect.sleep(100), { rejections: [], isDone: false })
              const { isDone, rejections } = yield* Effect.raceFirst(direct, hasty)
              if (!isDone) {
                records.set(token, of)
                yield* Effect.forkDetach(staging)
              }
              return rejections
            })
          },
          commit: (token) => {
            const of = records.get(token)
            return of === undefined ? open.commit(token) : Effect.succeed(of.map(receipt))
          }
        }
      })
  },
  R01: {
    says: /with a changed document, and stored again, inspect finds/,
    // Believes that it has what it has a revision of.
    change: (sink) =>
      stored(
        sink,
        (job, before) =>
          before?.revision.document === job.revision.document && before.document.length !== job.document.length
            ? before
            : job
      )
  },
  V02: {
    says: /inspect names another project/,
    change: (sink) => ({
      ...sink,
      inspect: (depth) =>
        Stream.map(
          sink.inspect(depth),
          (found) => found.map((item) => item._tag === "Intact" ? { ...item, projectId: "" } : item)
        )
    })
  },
  V03: { says: /replayed: .* is missing \(6 are\)/, change: (sink) => ({ ...sink, replay: Stream.empty }) },
  X01: {
    says: /commit answers \[\], the reference/,
    change: (sink) =>
      steps(sink, (open) => {
        const staged = new Set<string>()
        return {
          stage: (token, records) => {
            staged.add(token)
            return open.stage(token, records)
          },
          commit: (token) =>
            Effect.gen(function*() {
              const receipts = yield* open.commit(token)
              staged.delete(token)
              for (const other of staged) yield* open.abort(other)
              return receipts
            })
        }
      })
  }
}

/** Wrappers around the reference sink whose stage, commit, or abort does too much or too little. */
import type { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Flaw, isPoison, steps, type Store, stored } from "./memoryFlaw.ts"

/** By the id of the rule. */
export const commitFlaws: Readonly<Record<string, Flaw>> = {
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

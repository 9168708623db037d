/** Wrappers around the reference sink that do not account for records as they should. */
import { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { type Flaw, isPoison, steps } from "./memoryFlaw.ts"

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

/** By the id of the rule. */
export const recordFlaws: Readonly<Record<string, Flaw>> = {
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
  }
}

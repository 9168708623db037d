/** Lifted sinks keep all rules that their declared capabilities do not waive. */
import { type AnnotationModel, type JobSink, SimpleSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import { SinkConformance, type StoredJob, type Subject } from "../src/index.ts"

/** A subject that appends to a list for each target. */
const listSubject = (make: (list: Array<StoredJob>, id: string) => JobSink.JobSink): Subject => {
  const lists = new Map<string, Array<StoredJob>>()
  const listAt = (target: string) => {
    const list = lists.get(target) ?? []
    lists.set(target, list)
    return list
  }
  return {
    make: (target) => make(listAt(target), `list:${target}`),
    location: "elsewhere",
    readBack: (target) => Effect.sync(() => [...listAt(target)])
  }
}

const stored = Effect.fnUntraced(function*({ attachments, batchId, document, jobId }: JobSink.JobRecord) {
  const bytes = yield* document.collect
  return {
    batchId,
    jobId,
    document: bytes,
    attachments: yield* Effect.forEach(attachments, (file) => file.content.collect)
  }
})

SinkConformance.suite(
  "writer",
  listSubject((list, id) =>
    SimpleSink.fromWriter({
      name: "list",
      id,
      open: Effect.succeed((records) =>
        Effect.map(Effect.orDie(Effect.forEach(records, stored)), (jobs) => void list.push(...jobs))
      )
    })
  )
)

SinkConformance.suite(
  "effect sink",
  listSubject((list, id) =>
    SimpleSink.fromEffectSink({
      name: "list",
      id,
      sink: Sink.forEach((record) => Effect.map(Effect.orDie(stored(record)), (job) => void list.push(job)))
    })
  )
)

SinkConformance.suite("table writer", {
  ...listSubject((list, id) =>
    SimpleSink.fromTableWriter({
      name: "list",
      id,
      open: Effect.sync(() => {
        // The rows of a job come before its own.
        let rows: Array<AnnotationModel.AnnotationRow> = []
        return {
          annotations: (of) => Effect.sync(() => void rows.push(...of)),
          jobs: (of) =>
            Effect.sync(() => {
              for (const { annotation_rows: count, batch_id: batchId, job_id: jobId } of of) {
                list.push({ batchId, jobId, rows: rows.slice(0, count) })
                rows = rows.slice(count)
              }
            })
        }
      })
    })
  ),
  content: "rows"
})

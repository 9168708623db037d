/**
 * One stored job as one SVG image: the drawings that the report has of it, one below the other, with stored images below
 * them. Made from what is on disk, without the network. The image loads nothing and runs no script.
 */
import { type Content, type JobSink, ResultDocument } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { stacked } from "./internal/draw/stacked.ts"
import { jobSketch, parseLimit } from "./internal/gather/jobSketch.ts"
import { Rows } from "./internal/gather/sketch.ts"
import { drawingsOf } from "./internal/sections/gallery.ts"

/** Which job to draw, and where it is stored. */
export interface Options {
  /** Sinks to look into. The first with `replay` is read. */
  readonly sinks: ReadonlyArray<JobSink.JobSink>
  readonly batchId: string
  readonly jobId: string
}

/**
 * Draws a job, or none if no sink holds it or nothing of it can be drawn. Reads the sink until the job is found. Fails if
 * the sink or the job's documents cannot be read.
 */
export const make = Effect.fnUntraced(function*(
  { batchId, jobId, sinks }: Options
): Effect.fn.Return<Option.Option<string>, JobSink.SinkError | Content.ContentError> {
  const replay = sinks.flatMap((sink) => sink.replay ?? [])[0]
  if (replay === undefined) return Option.none()
  const draw = Effect.fnUntraced(function*(job: JobSink.StoredJob) {
    const document = yield* ResultDocument.open(job.document, { parseLimit })
    const kept = new Rows()
    let annotations = 0
    yield* Stream.runForEach(document.rows(job), ({ rows }) =>
      Effect.sync(() => {
        annotations += rows.length
        for (const row of rows) kept.add(row)
      }))
    const name = { batchId, jobId, referenceId: job.summary.referenceId }
    return stacked(drawingsOf(yield* jobSketch(job, name, document, { annotations, kept })).text, jobId)
  })
  // A job lives no longer than its element of the stream.
  const found = yield* replay.pipe(
    Stream.filter((job) => job.batchId === batchId && job.jobId === jobId),
    Stream.mapEffect(draw),
    Stream.runHead
  )
  return Option.flatMap(found, Option.fromUndefinedOr)
})

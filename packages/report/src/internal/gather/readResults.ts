/** Reads every result of a sink once: counts what is in them, and keeps some to draw. */
import { type AnnotationModel, type JobSink, ResultDocument } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { Gallery } from "./chosen.ts"
import { Counts } from "./counts.ts"
import { Distribution } from "./distribution.ts"
import { compareJobs, JobNames } from "./jobNames.ts"
import { jobSketch, parseLimit } from "./jobSketch.ts"
import { Rows } from "./sketch.ts"
import { type JobName, mostDrawn, type Options, type Results, type Sketch } from "./summaryModel.ts"

const labelLimit = 50_000
const labelLines = 30
const reasonLimit = 1000
const problemLines = 20
const jobLines = 10
/** Documents read ahead. */
const ahead = 4

class ResultTally {
  /** Number of the job under way: those that could not be read count too. */
  private job = 0
  private jobs = 0
  private annotations = 0
  private frames = 0
  private bytes = 0
  private files = 0
  private problems = 0
  private readonly types = new Counts(100)
  private readonly resultTypes = new Counts(100)
  private readonly labels = new Counts<{ readonly types: Set<AnnotationModel.AnnotationType> }>(labelLimit)
  private readonly reasons = new Counts<{ example: JobName; path: string }>(reasonLimit)
  private readonly perJob = new Distribution()
  private readonly unknown = new JobNames(jobLines)
  private readonly unreadable = new JobNames(jobLines)

  addRows({ problems, rows }: ResultDocument.Decoded, job: JobName): void {
    for (const { label, type } of rows) {
      this.types.add(type, this.job, none)
      this.labels.add(label, this.job, () => ({ types: new Set() }))?.types.add(type)
    }
    this.annotations += rows.length
    this.problems += problems.length
    for (const { path, reason } of problems) {
      const found = this.reasons.add(reason, this.job, () => ({ example: job, path }))
      if (found === undefined || compareJobs(job, found.example) >= 0) continue
      found.example = job
      found.path = path
    }
  }

  endJob(job: JobSink.StoredJob, name: JobName, type: AnnotationModel.ResultType, annotations: number): void {
    this.perJob.add(annotations, name)
    const kind = this.resultTypes.add(type, this.job, none)
    // Jobs are counted by the counter, annotations here: a job without any must show up too.
    if (kind !== undefined) kind.count += annotations - 1
    if (type === "unknown") this.unknown.add(name)
    this.frames += job.summary.frames ?? 0
    this.bytes += job.attachments.reduce((sum, { content }) => sum + content.size, job.document.size)
    this.files += job.attachments.length
    this.jobs++
    this.job++
  }

  skipJob(name: JobName): void {
    this.unreadable.add(name)
    this.job++
  }

  result(sink: string, brokenOff: string | null, gallery: ReadonlyArray<Sketch>): Results {
    const { annotations, bytes, files, frames, labels, perJob, reasons, resultTypes, types, unknown, unreadable } = this
    const top = labels.top(labelLines).map(({ count, jobs, name, types }) => ({
      name,
      count,
      jobs,
      types: Array.from(types).sort()
    }))
    return {
      sink,
      jobs: this.jobs,
      annotations,
      frames,
      bytes,
      files,
      types: types.top(100),
      resultTypes: resultTypes.top(100),
      labels: { top, more: labels.distinct - top.length, distinct: labels.distinct, capped: labels.overflow > 0 },
      perJob: perJob.result(),
      problems: {
        count: this.problems,
        top: reasons.top(problemLines),
        more: Math.max(0, reasons.distinct - problemLines)
      },
      unknown: unknown.result(),
      unreadable: unreadable.result(),
      brokenOff,
      gallery
    }
  }
}

const none = () => ({})

const galleryOf = (size: number | undefined): Gallery<Sketch> =>
  new Gallery(Math.min(mostDrawn, Math.max(0, Math.floor(size ?? 12))))

/** Null if no sink can return its jobs. */
export const readResults = Effect.fnUntraced(function*(options: Options) {
  const sink = options.sinks?.find(({ replay }) => replay !== undefined)
  if (sink?.replay === undefined) return null
  const { batches } = options
  const tally = new ResultTally()
  const gallery = galleryOf(options.gallery)
  const isAsked = ({ batchId, projectId }: JobSink.StoredJob) =>
    batches === undefined || batches.some((batch) => batch.batchId === batchId && batch.projectId === projectId)
  const opened = (job: JobSink.StoredJob) =>
    Effect.map(Effect.result(ResultDocument.open(job.document, { parseLimit })), (document) => ({ document, job }))

  const add = Effect.fnUntraced(function*(
    job: JobSink.StoredJob,
    name: JobName,
    document: ResultDocument.ResultDocument
  ) {
    const { resultType } = document
    const kept = new Rows()
    const types = new Set<AnnotationModel.AnnotationType>()
    let annotations = 0
    yield* Stream.runForEach(document.rows(job), (decoded) =>
      Effect.sync(() => {
        tally.addRows(decoded, name)
        annotations += decoded.rows.length
        for (const row of decoded.rows) {
          types.add(row.type)
          kept.add(row)
        }
      }))
    tally.endJob(job, name, resultType, annotations)
    if (resultType === "unknown" || annotations === 0) return
    const hash = `${job.revision.document} ${JSON.stringify([job.batchId, job.jobId])}`
    const traits = { kind: resultType, types: Array.from(types).sort(), hash }
    if (!gallery.wants(traits)) return
    gallery.put(traits, yield* jobSketch(job, name, document, { annotations, kept }))
  })

  const brokenOff = yield* sink.replay.pipe(
    Stream.filter(isAsked),
    Stream.mapEffect(opened, { concurrency: ahead }),
    Stream.runForEach(({ document, job }) => {
      const name = { batchId: job.batchId, jobId: job.jobId, referenceId: job.summary.referenceId }
      const skip = Effect.sync(() => tally.skipJob(name))
      if (Result.isFailure(document)) return skip
      return Effect.catchTag(add(job, name, document.success), "ContentError", () => skip)
    }),
    Effect.as(null),
    Effect.catchTag("SinkError", ({ message }) => Effect.succeed(message))
  )
  return tally.result(sink.name, brokenOff, gallery.items())
})

/** A ledger and a sink with the jobs that a test names, without a platform. */
import { Content, type Job, type JobSink, Ledger, LedgerMemory } from "@labelstream/core"
import { MemorySink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"

export const batch: Job.BatchRef = { projectId: "p", batchId: "b" }

/** A job with its result document, or with what became of it instead. */
export interface TestJob {
  readonly id: string
  readonly referenceId?: string
  readonly batchId?: string
  /** Parsed to JSON unless it is text. */
  readonly document?: unknown
  readonly files?: ReadonlyArray<Uint8Array>
  /** Sizes of its inputs that are stored with it, in order. */
  readonly sizes?: ReadonlyArray<JobSink.Size>
  readonly unfinished?: string
  readonly failed?: Ledger.JobFailure
  /** Bytes that cannot be read back. */
  readonly unreadable?: boolean
}

const contentOf = (bytes: Uint8Array, unreadable = false): Content.Content => {
  const failure = new Content.ContentError({ operation: "read", code: "CHANGED", cause: new Error("changed") })
  return {
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    mediaType: null,
    bytes: undefined,
    path: undefined,
    stream: unreadable ? Stream.fail(failure) : Stream.succeed(bytes),
    collect: unreadable ? Effect.fail(failure) : Effect.succeed(bytes)
  }
}

const batchOf = (job: TestJob): Job.BatchRef => ({ ...batch, batchId: job.batchId ?? batch.batchId })

const summaryOf = (job: TestJob): Job.JobSummary => ({
  id: job.id,
  referenceId: job.referenceId ?? null,
  status: job.unfinished ?? "completed",
  frames: 1,
  annotations: 1,
  tag: null,
  priorityWeight: null
})

export const storedJob = (job: TestJob): JobSink.StoredJob => {
  const { document = {}, files = [], sizes = [] } = job
  const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document))
  const content = contentOf(bytes, job.unreadable)
  return {
    ...batchOf(job),
    jobId: job.id,
    summary: summaryOf(job),
    result: {
      jobId: job.id,
      referenceId: job.referenceId ?? null,
      batchId: batch.batchId,
      status: "completed",
      workFlowId: null,
      tag: null,
      priorityWeight: null,
      result: "https://files.test/a.json"
    },
    document: content,
    attachments: files.map((file, index) => ({ index, content: contentOf(file) })),
    sizes: new Map(sizes.entries()),
    revision: { document: content.sha256, attachments: "" }
  }
}

/** A sink that returns these jobs. */
export const sinkOf = (replay: Stream.Stream<JobSink.StoredJob, JobSink.SinkError>): JobSink.JobSink => ({
  ...MemorySink.make(),
  name: "test",
  replay
})

const isStored = (job: TestJob) => job.unfinished === undefined && job.failed === undefined

export const sinkWith = (jobs: ReadonlyArray<TestJob>): JobSink.JobSink =>
  sinkOf(Stream.fromIterable(jobs.filter(isStored)).pipe(Stream.map(storedJob)))

/** Writes into the ledger what a run over these jobs would have. */
export const noteRun = Effect.fnUntraced(function*(jobs: ReadonlyArray<TestJob>) {
  const ledger = yield* Ledger.Ledger
  const run = yield* ledger.begin
  for (const job of jobs) {
    const batch = batchOf(job)
    yield* ledger.observe(run, batch, [summaryOf(job)])
    const listed = { status: "completed", frames: 1, annotations: 1 }
    if (job.unfinished !== undefined) yield* ledger.record([{ _tag: "Unfinished", batch, jobId: job.id }])
    else if (job.failed !== undefined) {
      yield* ledger.record([{ _tag: "Failed", batch, jobId: job.id, error: job.failed, at: 1 }])
    } else {
      const { document, revision } = storedJob(job)
      const receipt = { batchId: batch.batchId, jobId: job.id, revision, bytes: document.size }
      yield* ledger.record([{ _tag: "Stored", batch, sink: "test:/some/where", receipt, listed, at: 1 }])
    }
  }
  yield* ledger.end(run, {
    outcome: "completed",
    listed: jobs.length,
    exported: jobs.filter(isStored).length,
    unchanged: 0,
    unfinished: jobs.filter(({ unfinished }) => unfinished !== undefined).length,
    failed: jobs.filter(({ failed }) => failed !== undefined).length,
    bytes: 1000
  })
})

/** Its own ledger. */
export const freshLedger = Layer.fresh(LedgerMemory.layer)

const cornersOf = (x: number, y: number, size = 0.1) => [
  { x, y },
  { x: x + size, y },
  { x: x + size, y: y + size },
  { x, y: y + size }
]

/** A result document of rectangles. */
export const rectangles = (labels: ReadonlyArray<string>) => ({
  data: {
    annotations: {
      rectangles: labels.map((label, i) => ({
        _id: `r${i}`,
        label,
        attributes: {},
        coordinates: cornersOf((i % 9) / 10, (i % 7) / 10)
      })),
      polygons: [],
      lines: [],
      cuboids: [],
      landmarks: []
    },
    image_url: "https://images.test/a.png"
  }
})

/** A segmented video of one frame and one camera: its files are the mask, then the image. */
export const maskedVideo = {
  annotation_data: {
    annotations: [{ _id: "a", attributes: [], frame_id: "f1", track_id: "t", label: "car # 4" }],
    masks: [{ frame_id: "f1", url: "https://files.test/m.png" }],
    legend: { "#03f561": "car # 4" }
  },
  sensor_data: {
    frames: [{ frame_id: "f1", sensors: [{ sensor_id: "camera", data_url: "https://images.test/f1.png" }] }]
  }
}

/** A result document of one object through a video. */
export const video = (frames: ReadonlyArray<string>, label = "Cat") => ({
  data: {
    annotation_data: {
      annotations: [{
        _id: "track-1",
        type: "rectangle",
        label,
        frames: Object.fromEntries(
          frames.map((name, i) => [name, { _id: name, label, attributes: {}, coordinates: cornersOf(i / 20, i / 20) }])
        )
      }]
    },
    video_data: { frames: frames.map((name) => ({ frame_id: name, src: `https://images.test/${name}.jpg` })) }
  }
})

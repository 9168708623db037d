/**
 * A sink that keeps everything in memory, made to show how the engine behaves: any step can be slow or fail, and all
 * calls are kept.
 */
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { type Content, ContentError } from "../../src/Content.ts"
import {
  type Capabilities,
  type Inspected,
  type JobRecord,
  type JobSink,
  type OpenSink,
  type Receipt,
  type Rejection,
  type Revision,
  type RunEnd,
  SinkError,
  type SinkErrorReason,
  type StoredJob as Replayed
} from "../../src/JobSink.ts"

export type Step = "open" | "stage" | "commit" | "abort" | "finish"

/** Runs before a step; may sleep, fail or die. */
export type Before = (step: Step, token: string, records: ReadonlyArray<JobRecord>) => Effect.Effect<void, SinkError>

export interface Options {
  readonly id?: string
  readonly capabilities?: Partial<Omit<Capabilities, "batch">> & { readonly batch?: Partial<Capabilities["batch"]> }
  readonly before?: Before
  /** Records that it will never take. */
  readonly rejects?: (record: JobRecord) => boolean
  /** Gives back what is stored; its contents can be read until the stream ends, and no longer. */
  readonly replays?: boolean
}

export interface StoredJob {
  readonly projectId: string
  readonly batchId: string
  readonly jobId: string
  readonly revision: Revision
  readonly document: string
  readonly files: ReadonlyArray<string>
  /** `AttachmentRef.index` of each file. */
  readonly indices: ReadonlyArray<number>
  readonly bytes: number
  readonly sizes: JobRecord["sizes"]
}

const keyOf = (of: { readonly batchId: string; readonly jobId: string }) => `${of.batchId}/${of.jobId}`

export class MemorySink {
  readonly name = "memory"
  readonly id: string
  /** What readers see. */
  readonly stored = new Map<string, StoredJob>()
  /** Jobs in the order of their commits, each as often as it was stored. */
  readonly history: Array<string> = []
  /** Steps in the order of their calls. */
  readonly calls: Array<string> = []
  readonly staged = new Map<string, ReadonlyArray<StoredJob>>()
  /** Depths at which it was inspected. */
  readonly inspected: Array<string> = []
  opened = 0
  closed = 0
  finished: Array<RunEnd["outcome"]> = []
  /** Batches between stage and the end of commit, at most at one time. */
  mostBatches = 0
  largestBatch = 0
  before: Before
  rejects: (record: JobRecord) => boolean
  private readonly options: Options
  private readonly committed = new Map<string, ReadonlyArray<Receipt>>()
  private readonly busy = new Set<string>()

  constructor(options: Options = {}) {
    this.options = options
    this.id = options.id ?? "memory:one"
    this.before = options.before ?? (() => Effect.void)
    this.rejects = options.rejects ?? (() => false)
  }

  error(step: Step, reason: SinkErrorReason, detail = "made to fail"): SinkError {
    return new SinkError({ sink: this.name, step, reason, detail })
  }

  /** Fails a step with this reason a number of times, from now on. */
  failNext(step: Step, reason: SinkErrorReason, times = Number.POSITIVE_INFINITY): void {
    let left = times
    this.before = (at) => at === step && left-- > 0 ? Effect.fail(this.error(step, reason)) : Effect.void
  }

  get sink(): JobSink {
    const { batch, ...capabilities } = this.options.capabilities ?? {}
    return {
      name: this.name,
      version: "1",
      id: this.id,
      capabilities: {
        keying: "upsert",
        visibility: "commit",
        durability: "process",
        deterministic: true,
        inspectable: true,
        writers: "single",
        concurrentBatches: 1,
        ...capabilities,
        batch: { maxRecords: 4, maxBytes: 1024 * 1024, maxAge: 0, ...batch }
      },
      check: Effect.void,
      open: Effect.acquireRelease(
        Effect.suspend(() => {
          this.opened++
          this.staged.clear()
          return Effect.as(this.before("open", "", []), this.openSink)
        }),
        () =>
          Effect.sync(() => {
            this.closed++
          })
      ),
      count: Effect.sync(() => this.stored.size),
      inspect: (depth) =>
        Stream.suspend(() => {
          this.inspected.push(depth)
          return Stream.succeed(Array.from(this.stored.values(), (job): Inspected =>
            depth === "content" && sha256(job.document) !== job.revision.document
              ? { _tag: "Modified", batchId: job.batchId, jobId: job.jobId, path: job.jobId }
              : { _tag: "Intact", projectId: job.projectId, receipt: receiptOf(job) }))
        }),
      ...(this.options.replays === true ? { replay: this.replay } : {})
    }
  }

  private get replay(): Stream.Stream<Replayed> {
    const acquired = Effect.acquireRelease(
      Effect.sync(() => ({ isOpen: true })),
      (state) =>
        Effect.sync(() => {
          state.isOpen = false
        })
    )
    return Stream.unwrap(
      Effect.map(acquired, (state) =>
        Stream.fromIterable(this.stored.values()).pipe(
          Stream.map((job) => replayed(job, () => state.isOpen))
        ))
    )
  }

  private get openSink(): OpenSink {
    return {
      stage: (token, records) =>
        Effect.gen({ self: this }, function*() {
          this.calls.push(`stage ${records.map(({ jobId }) => jobId).join(" ")}`)
          this.largestBatch = Math.max(this.largestBatch, records.length)
          this.busy.add(token)
          this.mostBatches = Math.max(this.mostBatches, this.busy.size)
          yield* this.before("stage", token, records)
          const rejections: Array<Rejection> = []
          const jobs: Array<StoredJob> = []
          for (const record of records) {
            if (this.rejects(record)) {
              const { batchId, jobId } = record
              rejections.push({ batchId, jobId, error: this.error("stage", "rejected") })
            } else {
              jobs.push(yield* storedJob(record))
            }
          }
          this.staged.set(token, jobs)
          return rejections
        }),
      commit: (token) =>
        Effect.gen({ self: this }, function*() {
          this.calls.push("commit")
          yield* this.before("commit", token, [])
          this.busy.delete(token)
          const known = this.committed.get(token)
          if (known !== undefined) return known
          const jobs = this.staged.get(token) ?? []
          for (const job of jobs) {
            this.stored.set(keyOf(job), job)
            this.history.push(job.jobId)
          }
          this.staged.delete(token)
          const receipts = jobs.map(receiptOf)
          this.committed.set(token, receipts)
          return receipts
        }),
      abort: (token) =>
        Effect.suspend(() => {
          this.calls.push("abort")
          this.busy.delete(token)
          this.staged.delete(token)
          return this.before("abort", token, [])
        }),
      finish: ({ outcome }) =>
        Effect.suspend(() => {
          this.calls.push("finish")
          return Effect.andThen(
            this.before("finish", "", []),
            Effect.sync(() => {
              this.finished.push(outcome)
            })
          )
        })
    }
  }
}

const replayed = (
  { batchId, document, files, indices, jobId, projectId, revision, sizes }: StoredJob,
  isOpen: () => boolean
): Replayed => {
  const contentOf = (text: string, hash: string): Content => {
    const bytes = Buffer.from(text)
    const closed = new ContentError({ operation: "read", cause: new Error("closed") })
    const collect = Effect.suspend(() => isOpen() ? Effect.succeed(bytes) : Effect.fail(closed))
    const stream = Stream.fromEffect(collect)
    return { size: bytes.length, sha256: hash, mediaType: null, bytes: undefined, path: undefined, stream, collect }
  }
  const words = { referenceId: null, status: "completed", tag: null, priorityWeight: null }
  return {
    projectId,
    batchId,
    jobId,
    summary: { id: jobId, frames: null, annotations: null, ...words },
    result: { jobId, batchId, workFlowId: null, result: null, ...words },
    document: contentOf(document, revision.document),
    attachments: files.map((text, at) => ({ index: indices[at]!, content: contentOf(text, sha256(text)) })),
    sizes,
    revision
  }
}

const receiptOf = ({ batchId, bytes, jobId, revision }: StoredJob): Receipt => ({ batchId, jobId, revision, bytes })

const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex")

/** Reads the record through, so that contents released too early are noticed. */
const storedJob = Effect.fnUntraced(function*(record: JobRecord) {
  const unreadable = () =>
    new SinkError({ sink: "memory", step: "stage", reason: "corrupt", detail: "its bytes are gone" })
  const document = yield* Effect.mapError(record.document.collect, unreadable)
  const files = yield* Effect.forEach(record.attachments, ({ content }) => Effect.mapError(content.collect, unreadable))
  if (sha256(document) !== record.revision.document) return yield* unreadable()
  const { batchId, jobId, projectId, revision } = record
  return {
    projectId,
    batchId,
    jobId,
    revision,
    document: Buffer.from(document).toString("utf8"),
    files: files.map((file) => Buffer.from(file).toString("utf8")),
    indices: record.attachments.map(({ ref }) => ref.index),
    bytes: files.reduce((sum, file) => sum + file.length, document.length),
    sizes: record.sizes
  }
})

/** Two sinks with targets of their own. */
export const twoSinks = () => [new MemorySink({ id: "memory:one" }), new MemorySink({ id: "memory:two" })] as const

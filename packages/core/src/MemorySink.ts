/**
 * A sink that keeps jobs in memory: for trying a pipeline out, for tests, and as the reference that other sinks are
 * compared with. It loses everything with its process, and holds everything that it is given: it is not for large data.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AnnotationRow } from "./AnnotationModel.ts"
import type { ContentError } from "./Content.ts"
import {
  type Capabilities,
  type CommitToken,
  type Inspected,
  type JobRecord,
  type JobSink,
  type OpenSink,
  type Receipt,
  type Rejection,
  type Revision,
  SinkError
} from "./JobSink.ts"

/** One job as readers of a store see it. */
export interface StoredJob {
  readonly projectId: string
  readonly batchId: string
  readonly jobId: string
  readonly revision: Revision
  /** The result document, as it came. */
  readonly document: Uint8Array
  /** Nested files in document order. */
  readonly attachments: ReadonlyArray<Uint8Array>
  /** The document's annotations. */
  readonly rows: ReadonlyArray<AnnotationRow>
}

/** The place that memory sinks write to: what is in it outlives the sinks that are opened on it. */
export interface Store {
  /** What is committed, as readers see it. The keys mean nothing. */
  readonly jobs: Map<string, StoredJob>
}

/** Makes an empty store. */
export const emptyStore = (): Store => ({ jobs: new Map() })

/** What {@link make} takes. */
export interface Options {
  /** Where to write. Default: its own store. */
  readonly store?: Store
  /** `JobSink.id`. Default: `memory`; sinks of one run need different ones. */
  readonly id?: string
  readonly batch?: Partial<Capabilities["batch"]>
}

/** A memory sink, with what it stores. */
export interface MemorySink extends JobSink {
  readonly store: Store
}

/** What the sink can do. Nothing here survives the death of the process. */
export const capabilities: Capabilities = {
  keying: "upsert",
  visibility: "commit",
  durability: "process",
  deterministic: true,
  inspectable: true,
  writers: "single",
  concurrentBatches: 4,
  batch: { maxRecords: 64, maxBytes: 8 * 1024 * 1024, maxAge: 0 }
}

const name = "memory"

/** Makes a sink that keeps jobs in memory. */
export const make = (options: Options = {}): MemorySink => {
  const store = options.store ?? emptyStore()
  return {
    name,
    version: "1",
    id: options.id ?? name,
    capabilities: { ...capabilities, batch: { ...capabilities.batch, ...options.batch } },
    check: Effect.void,
    open: Effect.acquireRelease(
      Effect.suspend(() => {
        if (taken.has(store)) return Effect.fail(inUse())
        taken.add(store)
        return Effect.succeed(session(store))
      }),
      ({ staged }) =>
        Effect.sync(() => {
          staged.clear()
          taken.delete(store)
        })
    ).pipe(Effect.map(({ sink }) => sink)),
    count: Effect.sync(() => store.jobs.size),
    inspect: (depth) =>
      Stream.suspend(() => Stream.fromIterable(Array.from(store.jobs.values()))).pipe(
        Stream.mapEffect((job) => inspected(job, depth)),
        Stream.map((found) => [found])
      ),
    store
  }
}

/** Stores that a sink has open. */
const taken = new WeakSet<Store>()

const inUse = () =>
  new SinkError({
    sink: name,
    step: "open",
    reason: "conflict",
    detail: "another sink has this store open: wait for its end, or give this one a store of its own"
  })

const session = (store: Store) => {
  const staged = new Map<CommitToken, ReadonlyArray<StoredJob>>()
  const committed = new Map<CommitToken, ReadonlyArray<Receipt>>()

  const stage = Effect.fnUntraced(function*(token: CommitToken, records: ReadonlyArray<JobRecord>) {
    if (committed.has(token)) return []
    const jobs: Array<StoredJob> = []
    const rejections: Array<Rejection> = []
    for (const record of records) {
      const { batchId, jobId } = record
      yield* Effect.match(read(record), {
        onFailure: (detail) => {
          const error = new SinkError({ sink: name, step: "stage", reason: "rejected", detail, batchId, jobId })
          rejections.push({ batchId, jobId, error })
        },
        onSuccess: (job) => void jobs.push(job)
      })
    }
    staged.set(token, jobs)
    return rejections
  })

  const sink: OpenSink = {
    stage,
    commit: (token) =>
      Effect.sync(() => {
        const known = committed.get(token)
        if (known !== undefined) return known
        const jobs = staged.get(token) ?? []
        staged.delete(token)
        // The latest record of a job that is in the batch twice.
        const latest = new Map(jobs.map((job) => [keyOf(job), job]))
        for (const [key, job] of latest) store.jobs.set(key, job)
        const receipts = Array.from(latest.values(), receiptOf)
        committed.set(token, receipts)
        return receipts
      }),
    abort: (token) => Effect.sync(() => void staged.delete(token)),
    finish: () => Effect.void
  }
  return { sink, staged }
}

/** Takes copies: a record's contents are valid only while its batch is. */
const read = (record: JobRecord): Effect.Effect<StoredJob, string> =>
  Effect.gen(function*() {
    const { attachments, batchId, document, jobId, parsed, projectId, revision } = record
    const decoded = yield* Stream.runCollect(parsed.rows(record))
    const bytes = yield* document.collect
    if (bytes.length !== document.size) return yield* Effect.fail("its bytes are not as many as were announced")
    return {
      projectId,
      batchId,
      jobId,
      revision,
      document: bytes.slice(),
      attachments: yield* Effect.forEach(
        attachments,
        ({ content }) => Effect.map(content.collect, (file) => file.slice())
      ),
      rows: decoded.flatMap(({ rows }) => rows)
    }
  }).pipe(Effect.mapError((error: ContentError | string) => typeof error === "string" ? error : error.message))

// JSON, so that no two pairs of ids make one key.
const keyOf = ({ batchId, jobId }: StoredJob): string => JSON.stringify([batchId, jobId])

const receiptOf = ({ attachments, batchId, document, jobId, revision }: StoredJob): Receipt => ({
  batchId,
  jobId,
  revision,
  bytes: attachments.reduce((sum, file) => sum + file.length, document.length)
})

const inspected = (job: StoredJob, depth: "manifest" | "content"): Effect.Effect<Inspected> => {
  const intact: Inspected = { _tag: "Intact", projectId: job.projectId, receipt: receiptOf(job) }
  if (depth === "manifest") return Effect.succeed(intact)
  return Effect.map(
    sha256(job.document),
    (hash) =>
      hash === job.revision.document
        ? intact
        : { _tag: "Modified", batchId: job.batchId, jobId: job.jobId, path: keyOf(job) }
  )
}

const sha256 = (bytes: Uint8Array): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(bytes))),
    (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
  )

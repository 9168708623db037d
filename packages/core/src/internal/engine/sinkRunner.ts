import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import { type JobRecord, type JobSink, type OpenSink, type Receipt, type RunEnd, SinkError } from "../../JobSink.ts"
import type { JobKey } from "../../Ledger.ts"
import { monotonicMillis, monotonicMillisUnsafe } from "../monotonic.ts"

/** One job on its way into one sink. */
export interface Delivery {
  readonly record: JobRecord
  /** Bytes of the record's contents, counted against the sink's batch limit. */
  readonly bytes: number
}

/** A delivery that waits for a batch, and since when, in milliseconds of the clock that only goes forward. */
export interface Offered<D extends Delivery> {
  readonly delivery: D
  readonly at: number
}

/** What became of one batch of deliveries. */
export interface Settled<D extends Delivery> {
  readonly stored: ReadonlyArray<{ readonly delivery: D; readonly receipt: Receipt }>
  readonly failed: ReadonlyArray<{ readonly delivery: D; readonly error: SinkError }>
}

/** Tries after the first one of a step that failed as `unavailable`: about four seconds in all. */
const again = {
  schedule: Schedule.exponential(Duration.millis(500)).pipe(Schedule.upTo({ times: 3 })),
  while: (error: SinkError) => error.isRetryable
}

/**
 * Feeds one sink: takes deliveries from a bounded queue, forms batches by the sink's capabilities, and runs stage and
 * commit for each. After a final failure of the sink, everything still offered to it fails with the same error.
 */
export class SinkRunner<D extends Delivery, E> {
  readonly sink: JobSink
  /** Why the sink takes no more, once it does not. */
  failure: SinkError | undefined
  readonly open: OpenSink
  private readonly runId: string
  private readonly queue: Queue.Queue<Offered<D>, Cause.Done>
  private readonly onSettled: (settled: Settled<D>) => Effect.Effect<void, E>
  private readonly settledAll = Latch.makeUnsafe(true)
  /** The queue holds no more than the sink's batches can: that is what a crash costs. */
  private readonly room: Semaphore.Semaphore
  /** Milliseconds that a batch waits to fill. */
  private readonly maxAge: number
  private offered = 0
  private ended = 0
  private batches = 0

  constructor(
    sink: JobSink,
    open: OpenSink,
    runId: string,
    queue: Queue.Queue<Offered<D>, Cause.Done>,
    onSettled: (settled: Settled<D>) => Effect.Effect<void, E>
  ) {
    this.sink = sink
    this.open = open
    this.runId = runId
    this.queue = queue
    this.onSettled = onSettled
    this.maxAge = Duration.toMillis(Duration.fromInputUnsafe(sink.capabilities.batch.maxAge))
    this.room = Semaphore.makeUnsafe(sink.capabilities.concurrentBatches * sink.capabilities.batch.maxRecords)
  }

  /** Waits until the batches under way have room for it. */
  offer(delivery: D): Effect.Effect<boolean> {
    return Effect.clockWith((clock) => {
      this.offered++
      this.settledAll.closeUnsafe()
      const offered = { delivery, at: monotonicMillisUnsafe(clock) }
      return Effect.andThen(this.room.take(1), Queue.offer(this.queue, offered))
    })
  }

  /** Done when everything that was offered is settled. */
  get idle(): Effect.Effect<void> {
    return this.settledAll.await
  }

  /** Deliveries that wait for a batch. */
  get queued(): number {
    return Queue.sizeUnsafe(this.queue)
  }

  /** Deliveries that were offered and are not settled yet. */
  get unsettled(): number {
    return this.offered - this.ended
  }

  /** Lets what is queued be stored; `run` then ends. */
  get end(): Effect.Effect<void> {
    return Queue.end(this.queue)
  }

  /** Ends the run in the sink. Returns the sink's notice, if it has one. */
  finish(end: RunEnd): Effect.Effect<string | void, SinkError> {
    return this.attempt("finish", () => this.open.finish(end))
  }

  /** Stores batches until the queue has ended, as many at once as the sink allows. */
  get run(): Effect.Effect<void, E> {
    const loop = Effect.whileLoop({
      while: () => true,
      body: () => Effect.flatMap(this.takeBatch, (batch) => this.store(batch)),
      step: () => {}
    })
    const worker = Effect.catchIf(loop, (error): error is Cause.Done => Cause.isDone(error), () => Effect.void)
    const workers = Effect.all(
      Array.from({ length: this.sink.capabilities.concurrentBatches }, () => worker),
      { concurrency: "unbounded", discard: true }
    )
    return Effect.onExit(workers, () => this.refuse)
  }

  /** Nobody takes from the queue any more: what is still offered must not wait for room. */
  private get refuse(): Effect.Effect<void> {
    return Effect.andThen(Queue.end(this.queue), this.room.resize(Number.MAX_SAFE_INTEGER))
  }

  private get takeBatch(): Effect.Effect<ReadonlyArray<D>, Cause.Done> {
    const { maxBytes, maxRecords } = this.sink.capabilities.batch
    const { maxAge } = this
    return Effect.flatMap(Effect.all([Queue.take(this.queue), monotonicMillis]), ([first, now]) => {
      const batch: Array<D> = []
      let bytes = 0
      // What waited while the last batch was stored need not wait again, but for what waited behind it.
      const wait = Math.max(maxAge - (now - first.at), maxAge / 10)
      const isFull = () => batch.length >= maxRecords || bytes >= maxBytes
      const add = ({ delivery }: Offered<D>) => {
        batch.push(delivery)
        bytes += delivery.bytes
      }
      const takeWaiting = () => {
        while (!isFull()) {
          const next = Queue.takeUnsafe(this.queue)
          if (next === undefined || next._tag === "Failure") return
          add(next.value)
        }
      }
      add(first)
      takeWaiting()
      if (isFull() || maxAge === 0) return Effect.succeed(batch)
      const fill = Effect.whileLoop({
        while: () => !isFull(),
        body: () => Queue.take(this.queue),
        step: (next: Offered<D>) => {
          add(next)
          takeWaiting()
        }
      })
      return fill.pipe(
        Effect.timeoutOption(Duration.millis(wait)),
        // The next take sees the end of the queue again.
        Effect.orElseSucceed(Option.none),
        Effect.as(batch)
      )
    })
  }

  private store(batch: ReadonlyArray<D>): Effect.Effect<void, E> {
    if (this.failure !== undefined) return this.failAll(batch, this.failure)
    const token = `${this.runId}-${this.batches++}`
    const { abort, commit, stage } = this.open
    return Effect.gen({ self: this }, function*() {
      const rejections = yield* this.attempt("stage", () => stage(token, batch.map(({ record }) => record)))
      const receipts = yield* this.attempt("commit", () => commit(token))
      yield* this.settled(this.account(batch, receipts, rejections))
    }).pipe(
      Effect.catchIf(
        (error) => error instanceof SinkError,
        (error) =>
          Effect.andThen(
            Effect.ignore(this.attempt("abort", () => abort(token))),
            Effect.suspend(() => {
              this.failure ??= error
              return this.failAll(batch, error)
            })
          )
      )
    ) as Effect.Effect<void, E>
  }

  /** Runs a step with retries. A defect in the sink's code is a failure of that sink alone. */
  private attempt<A>(step: SinkError["step"], run: () => Effect.Effect<A, SinkError>): Effect.Effect<A, SinkError> {
    return Effect.catchDefect(Effect.retry(Effect.suspend(run), again), (cause) =>
      Effect.fail(
        new SinkError({
          sink: this.sink.name,
          step,
          reason: "unavailable",
          detail: `it failed because of a bug in it: ${cause instanceof Error ? cause.message : "no error given"}`,
          cause
        })
      ))
  }

  private settled(settled: Settled<D>): Effect.Effect<void, E> {
    const count = settled.stored.length + settled.failed.length
    return Effect.andThen(
      this.onSettled(settled),
      Effect.suspend(() => {
        this.ended += count
        if (this.ended === this.offered) this.settledAll.openUnsafe()
        return this.room.release(count)
      })
    )
  }

  private failAll(batch: ReadonlyArray<D>, error: SinkError): Effect.Effect<void, E> {
    return this.settled({ stored: [], failed: batch.map((delivery) => ({ delivery, error })) })
  }

  /** Every delivery ends exactly once: with a receipt, a rejection, or the failure of a sink that returned neither. */
  private account(
    batch: ReadonlyArray<D>,
    receipts: ReadonlyArray<Receipt>,
    rejections: ReadonlyArray<{ readonly batchId: string; readonly jobId: string; readonly error: SinkError }>
  ): Settled<D> {
    // Ids may hold any character: the length shows where the first one ends.
    const key = ({ batchId, jobId }: JobKey) => `${batchId.length} ${batchId}${jobId}`
    const received = new Map(receipts.map((receipt) => [key(receipt), receipt]))
    const rejected = new Map(rejections.map((rejection) => [key(rejection), rejection.error]))
    const stored: Array<{ readonly delivery: D; readonly receipt: Receipt }> = []
    const failed: Array<{ readonly delivery: D; readonly error: SinkError }> = []
    for (const delivery of batch) {
      const receipt = received.get(key(delivery.record))
      if (receipt !== undefined) stored.push({ delivery, receipt })
      else failed.push({ delivery, error: rejected.get(key(delivery.record)) ?? this.unanswered(delivery.record) })
    }
    return { stored, failed }
  }

  private unanswered(record: JobRecord): SinkError {
    return new SinkError({
      sink: this.sink.name,
      step: "commit",
      reason: "unavailable",
      detail: "it returned neither a receipt nor a rejection for this job",
      batchId: record.batchId,
      jobId: record.jobId
    })
  }
}

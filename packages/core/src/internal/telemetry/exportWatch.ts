import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import { type ExportReport, inFlight } from "../../ExportReport.ts"
import type { BatchRef, JobSummary } from "../../Job.ts"
import type { JobEvent } from "../../JobEvent.ts"
import type { JobSink, OpenSink } from "../../JobSink.ts"
import type { JobStage, Ledger } from "../../Ledger.ts"
import { Enabled, metrics, spans, tracedJobsPerSecond } from "../../Telemetry.ts"
import type { Events } from "../engine/events.ts"
import { Instruments, type Reading, seconds } from "./instruments.ts"
import { watchedSink } from "./sinkWatch.ts"
import { endSpan, failureOf, inSpan } from "./span.ts"

const states = ["listed", "exported", "unchanged", "unfinished", "failed"] as const
const stages: ReadonlyArray<JobStage> = ["pending", "unfinished", "stored", "failed"]

/** Observes one export. Without telemetry, {@link unwatched} returns its arguments. */
export interface ExportWatch {
  /** A sink of the export that reports its batches. */
  readonly sink: (sink: JobSink, open: OpenSink) => OpenSink
  /** Shows how many records wait for the sinks of a kind. */
  readonly queues: (runners: ReadonlyArray<{ readonly sink: JobSink; readonly queued: number }>) => void
  /** Runs an effect as a part of the run's trace. */
  readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The fetching of one job, in its own trace. */
  readonly job: <A, E, R>(batch: BatchRef, job: JobSummary, fetch: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The export from here to its report. */
  readonly run: <E, R>(main: Effect.Effect<ExportReport, E, R>) => Effect.Effect<ExportReport, E, R>
}

/** Observes nothing. */
const unwatched: ExportWatch = {
  sink: (_sink, open) => open,
  queues: () => {},
  within: (effect) => effect,
  job: (_batch, _job, fetch) => fetch,
  run: (main) => main
}

/** The watch of an export that is started here. */
export const makeExportWatch = Effect.fnUntraced(function*(
  ledger: Ledger["Service"],
  events: Events,
  sinks: ReadonlyArray<JobSink>
) {
  const context = yield* Effect.context()
  if (!Context.get(context, Enabled)) return unwatched
  const kinds = sinks.map(({ name }) => name).join(",")
  const batches = events.report.batches.length
  const attributes = { "labelstream.batches": batches, "labelstream.sinks": kinds }
  const watch = new TellingWatch(context, ledger, events, yield* Effect.makeSpan(spans.run, { attributes }))
  // An export that could not begin has an end too.
  yield* Effect.addFinalizer((exit) => watch.end(exit))
  yield* watch.countLedger
  yield* Effect.annotateLogs(Effect.logInfo("export started"), { batches, sinks: kinds })
  events.listen((event) => watch.onEvent(event))
  return watch
})

class TellingWatch implements ExportWatch {
  private readonly context: Context.Context<never>
  private readonly instruments: Instruments
  private readonly ledger: Ledger["Service"]
  private readonly events: Events
  private readonly span: Tracer.Span
  private readonly readings: Array<Reading> = []
  private tracedSince = 0n
  private traced = 0
  private isEnded = false

  constructor(context: Context.Context<never>, ledger: Ledger["Service"], events: Events, span: Tracer.Span) {
    this.context = context
    this.instruments = new Instruments(context)
    this.ledger = ledger
    this.events = events
    this.span = span
    this.readings.push(this.instruments.read(metrics.jobsInFlight, {}, () => inFlight(events.report)))
    for (const state of states) {
      this.readings.push(
        this.instruments.read(metrics.exportJobs, { state }, () => sum(events.report.batches, (batch) => batch[state]))
      )
    }
  }

  sink({ name }: JobSink, open: OpenSink): OpenSink {
    return watchedSink(name, open, this.instruments)
  }

  queues(runners: ReadonlyArray<{ readonly sink: JobSink; readonly queued: number }>): void {
    for (const name of new Set(runners.map(({ sink }) => sink.name))) {
      const queued = () => sum(runners, (runner) => runner.sink.name === name ? runner.queued : 0)
      this.readings.push(this.instruments.read(metrics.queueDepth, { sink: name }, queued))
    }
  }

  within<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.withParentSpan(effect, this.span)
  }

  job<A, E, R>({ batchId, projectId }: BatchRef, { id }: JobSummary, fetch: Effect.Effect<A, E, R>) {
    return Effect.clockWith((clock) => {
      const started = clock.monotonicTimeNanosUnsafe()
      const timed = Effect.onExit(
        fetch,
        () =>
          Effect.sync(() =>
            this.instruments.update(metrics.jobDuration, {}, seconds(started, clock.monotonicTimeNanosUnsafe()))
          )
      )
      if (!this.mayTrace(started)) return Effect.withTracerEnabled(timed, false)
      const attributes = {
        "labelstream.project.id": projectId,
        "labelstream.batch.id": batchId,
        "labelstream.job.id": id
      }
      return inSpan(spans.job, { root: true, links: [{ span: this.span, attributes: {} }], attributes }, () => timed)
    })
  }

  private mayTrace(now: bigint): boolean {
    if (now - this.tracedSince >= 1_000_000_000n) {
      this.tracedSince = now
      this.traced = 0
    }
    return ++this.traced <= tracedJobsPerSecond
  }

  /** Counts outcomes of jobs, and logs failures. */
  onEvent(event: JobEvent): void {
    switch (event._tag) {
      case "Exported":
        return this.count("exported", 1)
      case "Unchanged":
        return event.isFetched ? this.count("unchanged", event.jobIds.length) : undefined
      case "Delisted":
        return this.count("delisted", event.jobIds.length)
      case "StillFailed":
        return this.count("stillfailed", 1)
      case "Failed": {
        const { batchId, error: { message, reason, retryable }, jobId } = event
        this.count("failed", 1)
        this.instruments.update(metrics.jobFailures, { cause: reason }, 1)
        this.log(
          Effect.annotateLogs(Effect.logWarning("job failed"), { batchId, jobId, cause: reason, retryable, message })
        )
      }
    }
  }

  private count(outcome: string, jobs: number): void {
    this.instruments.update(metrics.jobs, { outcome }, jobs)
  }

  run<E, R>(main: Effect.Effect<ExportReport, E, R>): Effect.Effect<ExportReport, E, R> {
    return Effect.onExit(this.within(main), (exit) => this.end(exit, Exit.isSuccess(exit) ? exit.value : undefined))
  }

  /** Says how it ended, once. */
  end(exit: Exit.Exit<unknown, unknown>, report?: ExportReport): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isEnded) return Effect.void
      this.isEnded = true
      for (const reading of this.readings) reading.end()
      const { batches } = this.events.report
      const counts = Object.fromEntries(states.map((state) => [state, sum(batches, (batch) => batch[state])]))
      for (const state of states) this.span.attribute(`labelstream.jobs.${state}`, counts[state])
      const unlisted = batches.filter(({ listingError }) => listingError !== null)
      const failure = failureOf(exit)
      const line = report !== undefined
        ? Effect.annotateLogs(Effect.logInfo("export ended"), {
          complete: report.complete,
          stopped: report.stopped,
          seconds: report.seconds,
          ...counts
        })
        : failure === undefined
        ? Effect.annotateLogs(Effect.logWarning("export cut off"), counts)
        : Effect.annotateLogs(Effect.logError("export failed"), {
          cause: failure.type,
          message: failure.message,
          ...counts
        })
      return Effect.forEach(
        unlisted,
        ({ batchId, listingError }) =>
          Effect.annotateLogs(Effect.logWarning("batch not listed to its end"), { batchId, message: listingError }),
        {
          discard: true
        }
      ).pipe(Effect.andThen(this.countLedger), Effect.andThen(line), Effect.andThen(endSpan(this.span, exit)))
    })
  }

  /** The size of the ledger is asked for at the ends of a run alone: it costs a look at every row. */
  get countLedger(): Effect.Effect<void> {
    return Effect.ignore(Effect.map(
      Effect.forEach(this.events.report.batches, (batch) => this.ledger.counts(batch)),
      (counts) => {
        for (const stage of stages) {
          this.instruments.update(metrics.ledgerJobs, { stage }, sum(counts, (count) => count[stage]))
        }
      }
    ))
  }

  private log(line: Effect.Effect<void>): void {
    Effect.runSyncWith(this.context)(line)
  }
}

const sum = <A>(items: ReadonlyArray<A>, of: (item: A) => number): number =>
  items.reduce((total, item) => total + of(item), 0)

import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import { apply, empty, type ExportReport } from "../../ExportReport.ts"
import type { JobEvent } from "../../JobEvent.ts"
import type { RunEnd } from "../../Ledger.ts"

/** The only output of the engine: every event is counted here and passed to the listeners. */
export class Events {
  /** The counts at this moment. */
  report: ExportReport = empty
  /** Waits while the outlet has more events than it should. The engine waits here before it begins further jobs. */
  readonly room: Effect.Effect<void>
  private pass = noPass
  private readonly outlet: Pick<Outlet<unknown>, "room" | "push"> | undefined
  private readonly listeners: Array<(event: JobEvent) => void> = []

  constructor(outlet?: Pick<Outlet<unknown>, "room" | "push">) {
    this.outlet = outlet
    this.room = outlet?.room ?? Effect.void
  }

  /** Calls a function with each event from now on. */
  listen(listener: (event: JobEvent) => void): void {
    this.listeners.push(listener)
  }

  emit(...events: ReadonlyArray<JobEvent>): void {
    for (const event of events) {
      this.report = apply(this.report, event)
      this.pass = passAfter(this.pass, event)
      for (const listener of this.listeners) listener(event)
    }
    this.outlet?.push(events)
  }

  /** The counts of this pass. Jobs that an earlier pass exported count as unchanged. */
  runEnd(outcome: RunEnd["outcome"]): RunEnd {
    const { batches } = this.report
    const sum = (name: "listed" | "exported" | "unchanged" | "unfinished" | "failed") =>
      batches.reduce((total, batch) => total + batch[name], 0)
    return {
      outcome,
      listed: sum("listed"),
      ...this.pass,
      unchanged: sum("exported") + sum("unchanged") - this.pass.exported,
      unfinished: sum("unfinished"),
      failed: sum("failed")
    }
  }
}

const noPass = { exported: 0, bytes: 0 }

/** What the pass itself has exported, after a further event. */
const passAfter = (pass: typeof noPass, event: JobEvent): typeof noPass =>
  event._tag === "Exported"
    ? { exported: pass.exported + 1, bytes: pass.bytes + event.bytes }
    : event._tag === "PassStarted"
    ? noPass
    : pass

/** Events that wait for a consumer, beyond which the engine waits for it: about 300 jobs. */
const most = 1024

/** Hands events to a stream. A slow consumer slows down the run. */
export class Outlet<E> {
  private waiting: Array<JobEvent> = []
  private exit: Exit.Exit<unknown, E> | undefined
  private isClosed = false
  private readonly filled = Latch.makeUnsafe(false)
  private readonly emptied = Latch.makeUnsafe(true)

  push(events: ReadonlyArray<JobEvent>): void {
    if (this.isClosed) return
    for (const event of events) this.waiting.push(event)
    if (this.waiting.length >= most) this.emptied.closeUnsafe()
    this.filled.openUnsafe()
  }

  /** Waits until the consumer has caught up, if too many events wait. */
  get room(): Effect.Effect<void> {
    return this.emptied.await
  }

  /** Ends the stream as the run has ended, after what still waits. */
  end(exit: Exit.Exit<unknown, E>): void {
    this.exit = exit
    this.filled.openUnsafe()
  }

  get hasEnded(): boolean {
    return this.exit !== undefined
  }

  /** Nobody takes events any more: they are dropped. */
  close(): void {
    this.isClosed = true
    this.waiting = []
    this.emptied.openUnsafe()
  }

  get stream(): Stream.Stream<JobEvent, E> {
    const take: Effect.Effect<Arr.NonEmptyArray<JobEvent>, E | Cause.Done> = Effect.suspend(() => {
      const { waiting } = this
      if (Arr.isArrayNonEmpty(waiting)) {
        this.waiting = []
        this.emptied.openUnsafe()
        return Effect.succeed(waiting)
      }
      if (this.exit !== undefined) return Exit.isSuccess(this.exit) ? Cause.done() : Effect.failCause(this.exit.cause)
      this.filled.closeUnsafe()
      return Effect.andThen(this.filled.await, take)
    })
    return Stream.fromPull(Effect.succeed(take))
  }
}

/** Whether the heartbeats by which a runner keeps its locks reach the database. */
import * as Clock from "effect/Clock"
import { RunnerStorage } from "effect/cluster/RunnerStorage"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"

export class Heartbeat extends Context.Service<Heartbeat, {
  /** Waits until heartbeats have failed for this long. */
  readonly failing: (span: Duration.Input) => Effect.Effect<void>
  /** Waits until heartbeats fail, and none has arrived for this long. */
  readonly missing: (span: Duration.Input) => Effect.Effect<void>
  /** Waits until a heartbeat arrives. */
  readonly arriving: Effect.Effect<void>
}>()("@labelstream/cluster/internal/Heartbeat") {}

/** How often the state is read, which costs no request. */
const look = Schedule.spaced("500 millis")

const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** Watches the heartbeats that pass through the storage. */
export const layer: Layer.Layer<Heartbeat | RunnerStorage, never, RunnerStorage> = Layer.effectContext(
  Effect.gen(function*() {
    const storage = yield* RunnerStorage
    let arrivedAt = yield* now
    /** When heartbeats began to fail. */
    let failedAt: number | undefined
    const until = (holds: (now: number) => boolean) =>
      Effect.asVoid(Effect.repeat(now, { schedule: look, until: holds }))
    const millisOf = (span: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(span))
    const watched = RunnerStorage.of({
      ...storage,
      refresh: (address, shards) =>
        Effect.onExit(storage.refresh(address, shards), (exit) =>
          Effect.map(now, (at) => {
            if (exit._tag === "Failure") {
              failedAt ??= at
              return
            }
            failedAt = undefined
            arrivedAt = at
          })),
      // A runner that leaves does not wait for a database that is down: its row expires by itself.
      unregister: (address) => Effect.suspend(() => failedAt === undefined ? storage.unregister(address) : Effect.void)
    })
    return Context.make(RunnerStorage, watched).pipe(
      Context.add(Heartbeat, {
        failing: (span) => until((at) => failedAt !== undefined && at - failedAt >= millisOf(span)),
        missing: (span) => until((at) => failedAt !== undefined && at - arrivedAt >= millisOf(span)),
        arriving: until(() => failedAt === undefined)
      })
    )
  })
)

/**
 * How a run ends early: a stop begins no further job. After the grace time nothing more is fetched, and a second later
 * the run no longer waits for a sink that hangs.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"

/** Time to store what was fetched, after the grace time. */
const afterGrace = Duration.seconds(1)

export class Ending<E> {
  /** Done when no further job is to be begun. */
  readonly stop = Deferred.makeUnsafe<void>()
  /** Done when jobs in flight are to be abandoned; fails with the error that no further job can avoid. */
  readonly cut = Deferred.makeUnsafe<void, E>()
  private readonly abandoned = Deferred.makeUnsafe<void>()
  private readonly fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  private readonly grace: Duration.Duration
  private readonly scope: Scope.Scope
  private isTimed = false

  private constructor(grace: Duration.Duration, scope: Scope.Scope) {
    this.grace = grace
    this.scope = scope
  }

  /** If the scope closes while fibers run, they are interrupted and get the same time. */
  static make<E>(grace: Duration.Duration) {
    return Effect.gen(function*() {
      const scope = yield* Effect.scope
      // Closed last: the time runs on while all else is closed.
      const ending = new Ending<E>(grace, yield* Scope.fork(scope))
      yield* Scope.addFinalizer(scope, ending.interrupt)
      return ending
    })
  }

  /** Lets the time run, from the first call. */
  get begin(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isTimed) return Effect.void
      this.isTimed = true
      const timer = Effect.sleep(this.grace).pipe(
        Effect.andThen(Deferred.succeed(this.cut, undefined)),
        Effect.andThen(Effect.sleep(afterGrace)),
        Effect.andThen(Deferred.succeed(this.abandoned, undefined))
      )
      return Effect.asVoid(Effect.forkIn(timer, this.scope))
    })
  }

  /** Starts an effect for which a run must not wait too long. {@link within} waits for its end. */
  fork<A, E2, R>(effect: Effect.Effect<A, E2, R>): Effect.Effect<Fiber.Fiber<A, E2>, never, R> {
    return Effect.map(Effect.forkDetach(effect), (fiber) => {
      this.fibers.push(fiber)
      return fiber
    })
  }

  /** How a fiber ended, or undefined if it has not ended in time. It is then interrupted without waiting. */
  within<A, E2>(fiber: Fiber.Fiber<A, E2>): Effect.Effect<Exit.Exit<A, E2> | undefined> {
    return Effect.map(Effect.raceFirst(Fiber.await(fiber), Deferred.await(this.abandoned)), () => {
      const exit = fiber.pollUnsafe()
      if (exit === undefined) fiber.interruptUnsafe()
      return exit
    })
  }

  private get interrupt(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const running = this.fibers.filter((fiber) => fiber.pollUnsafe() === undefined)
      if (running.length === 0) return Effect.void
      for (const fiber of running) fiber.interruptUnsafe()
      return Effect.andThen(
        this.begin,
        Effect.forEach(running, (fiber) => this.within(fiber), { concurrency: "unbounded", discard: true })
      )
    })
  }
}

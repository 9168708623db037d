/**
 * The published command bundles `effect` and its own packages in a few files, which load three times as fast as their
 * modules. An installed sink imports `effect` itself, and one copy does not recognize what another makes. So before
 * such a sink is loaded, the command ends without having done anything, and the same command runs as modules, which
 * share one copy with the sink.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/** A defect, so that nothing on its way out takes it for its own failure. */
class HandOver extends Data.TaggedError("HandOver")<{}> {}

/** Whether this program has its own copy of `effect`, which no sink can import. */
export const IsSealed = Context.Reference<boolean>("@labelstream/cli/IsSealed", { defaultValue: () => false })

/** Hands over where code that is not part of this program is about to be loaded. */
export const beforeForeignCode: Effect.Effect<void> = Effect.flatMap(
  IsSealed,
  (isSealed) => isSealed ? Effect.die(new HandOver()) : Effect.void
)

/** Whether a cause is nothing but a hand-over. */
export const isIn = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) => Cause.isDieReason(reason) && reason.defect instanceof HandOver)

/** Whether a program ended by handing over. */
export const hasHappened = (exit: Exit.Exit<unknown, unknown>): boolean => exit._tag === "Failure" && isIn(exit.cause)

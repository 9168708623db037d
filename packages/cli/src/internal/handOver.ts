/**
 * The published command holds `effect` and the packages that come with it in a few files, since these load three times as
 * fast as their modules. A sink that a person has installed brings `effect` from elsewhere, and one copy does
 * not recognize what the other makes. So before such a sink is loaded, the command ends without having done anything, and the same
 * command is run as modules, where all share one copy.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/** A defect, so that nothing on its way out takes it for its own failure. */
class HandOver extends Data.TaggedError("HandOver")<{}> {}

/** Whether this program has a copy of `effect` that nobody else can have. */
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

/** Lets other work of the process run between the synchronous calls of this sink. */
import * as Effect from "effect/Effect"

/** Units of about 10 µs: about 5 ms of work before others get their turn. */
const turn = 500

export class Pace {
  private spent = 0

  /** Counts work, with a row as one unit, and yields to other work after a turn's worth. */
  spend(units: number): Effect.Effect<void> {
    this.spent += units
    if (this.spent < turn) return Effect.void
    this.spent = 0
    return Effect.yieldNow
  }
}

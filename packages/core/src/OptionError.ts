/** Checks of options, the same for every public function: a value that cannot be meant is an error that names its option. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** An option has a value that cannot be meant. */
export class OptionError extends Schema.TaggedError<OptionError>()("OptionError", {
  /** The option as it is written in code, such as `concurrency` or `follow.interval`. */
  option: Schema.String,
  /** What it must be. */
  detail: Schema.String
}) {
  override get message() {
    return `Option ${this.option}: ${this.detail}`
  }
}

const fail = (option: string, detail: string) => Effect.fail(new OptionError({ option, detail }))

const shown = (value: unknown) => typeof value === "number" || value === undefined ? `${value}` : JSON.stringify(value)

/** Returns a whole number that is at least `least`, which is 1 if nothing else is said. */
export const count = (option: string, value: number, least = 1): Effect.Effect<number, OptionError> =>
  Number.isSafeInteger(value) && value >= least
    ? Effect.succeed(value)
    : fail(option, `must be a whole number from ${least}, and is ${shown(value)}`)

/** Returns a finite number above 0. */
export const positive = (option: string, value: number): Effect.Effect<number, OptionError> =>
  Number.isFinite(value) && value > 0
    ? Effect.succeed(value)
    : fail(option, `must be a number above 0, and is ${shown(value)}`)

/** Returns a finite duration that is at least `least` milliseconds, which is 0 if nothing else is said. */
export const duration = (
  option: string,
  value: Duration.Input,
  least = 0
): Effect.Effect<Duration.Duration, OptionError> => {
  const read = Duration.fromInput(value)
  const millis = Option.isNone(read) ? Number.NaN : Duration.toMillis(read.value)
  // `fromInput` takes numbers that are none for zero.
  return Option.isSome(read) && Number.isFinite(millis) && millis >= least && !isNoNumber(value)
    ? Effect.succeed(read.value)
    : fail(option, `must be a finite duration${least === 0 ? "" : ` of ${least} milliseconds or more`}`)
}

const isNoNumber = (value: Duration.Input) => typeof value === "number" && !(Number.isFinite(value) && value >= 0)

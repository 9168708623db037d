import * as PlainText from "@labelstream/core/PlainText"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as HandOver from "./handOver.ts"
import { layer as plainLogs } from "./output/logs.ts"

const jsonLogs = Logger.layer([Logger.withConsoleError(Logger.formatJson)])

interface Failure {
  readonly message: string
}

/** What a command does: its flags to an exit status. */
interface Module<Flags, E extends Failure> {
  readonly run: (flags: Flags) => Effect.Effect<number, E>
}

const broke = (cause: Cause.Cause<never>) => {
  const { message } = Cause.prettyErrors(cause)[0] ?? { message: "no error given" }
  return `This is a bug in Labelstream: ${message}\nPlease report it with the output of the same command and --log-level debug`
}

/** Says what went wrong, and with --log-level debug also where. */
const reported = <E extends Failure>(effect: Effect.Effect<number, E>) =>
  Effect.catchCause(effect, (cause) =>
    Effect.gen(function*() {
      if (HandOver.isIn(cause)) return yield* Effect.failCause(cause as Cause.Cause<never>)
      if (Cause.hasInterruptsOnly(cause)) return 130
      const failure = cause.reasons.find(Cause.isFailReason)
      const text = failure === undefined ? broke(cause as Cause.Cause<never>) : failure.error.message
      yield* Effect.logError(PlainText.message(text))
      yield* Effect.logDebug(cause)
      return 1
    }))

/** A command's handler: loads what it does, does it, and sets the exit status. */
export const handle = <Flags, E extends Failure>(load: () => Promise<Module<Flags, E>>) => (flags: Flags) =>
  Effect.promise(load).pipe(
    Effect.flatMap(({ run }) => run(flags)),
    reported,
    Effect.provide((flags as { readonly logFormat?: string }).logFormat === "json" ? jsonLogs : plainLogs),
    Effect.map((status) => {
      process.exitCode = status
    })
  )

/** Puts the commands together and runs the one that was typed. */
import * as PlainText from "@labelstream/core/PlainText"
import * as Cause from "effect/Cause"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import { commands } from "./commands.ts"
import * as HandOver from "./handOver.ts"
import * as Environment from "./settings/environment.ts"
import { help } from "./spec/help.ts"
import { typedWrong } from "./spec/typedWrong.ts"
import { version } from "./version.ts"

const stub = Command.make("simulator").pipe(
  Command.withDescription("Serves a local GT Studio to try everything on, with faults on demand."),
  Command.withShortDescription("Serve a local GT Studio to try things on")
)

/** Its flags are known once it is loaded, which takes longer than everything else here. */
const simulator = async () => {
  const { make } = await import("@labelstream/simulator/SimulatorCommand")
  return make("simulator", "labelstream simulator").pipe(
    Command.withShortDescription("Serve a local GT Studio to try things on")
  )
}

/** All commands. The simulator's flags are loaded only when they are shown. */
const rootOf = async (hasSimulator: boolean) =>
  Command.make("labelstream").pipe(
    Command.withDescription(
      "Exports finished annotations from GT Studio into files, SQLite, Parquet, PostgreSQL, training datasets, or your own sink."
    ),
    Command.withSubcommands([...commands, hasSimulator ? await simulator() : stub]),
    Command.withExamples([
      { command: "labelstream init", description: "Write a commented file with settings" },
      { command: "labelstream export --help", description: "Everything an export takes" },
      {
        command: "labelstream --completions bash > ~/.local/share/bash-completion/completions/labelstream",
        description: "Complete commands and flags"
      }
    ])
  )

/** Prints requested help to stdout, and mistakes to stderr in a few lines. */
const presenter: CliOutput.Presenter = {
  present: Effect.fnUntraced(function*(event) {
    if (event._tag === "Help") return yield* Console.log(help(event.helpDoc))
    if (event._tag === "Version") return yield* CliOutput.defaultPresenter.present(event)
    // All flags of an unknown command are unknown, too.
    const unknown = event.errors.filter(({ _tag }) => _tag === "UnknownSubcommand")
    for (const error of unknown.length > 0 ? unknown : event.errors) {
      yield* Console.error(PlainText.message(PlainText.plain(typedWrong(error))))
    }
    yield* Console.error(`For help, run: ${event.commandPath.join(" ")} --help`)
  })
}

/** Why the simulator could not run. The presenter has reported what was typed wrong. */
const sayWhy = (cause: Cause.Cause<unknown>) => {
  const failure = cause.reasons.find(Cause.isFailReason)?.error
  const said = failure === undefined ? Cause.prettyErrors(cause)[0] : failure
  return said instanceof Error && (failure === undefined || "_tag" in said && said._tag === "SimulatorError")
    ? Console.error(said.message)
    : Effect.void
}

/**
 * Runs the command that was typed and sets the exit status. A sealed program ends with `handed over` before it would load
 * code that is not its own; then the same command is to be run by one that is not sealed.
 */
export const main = async ({ isSealed }: { readonly isSealed: boolean }): Promise<"done" | "handed over"> => {
  const args = process.argv.slice(2)
  const isSimulator = args.find((arg) => !arg.startsWith("-")) === "simulator"
  const root = await rootOf(isSimulator || args.some((arg) => arg.startsWith("--completions")))
  const environment = isSimulator || args.some((arg) => arg.startsWith("--wizard"))
    ? Environment.node
    : Environment.none
  const fiber = Effect.runFork(
    Command.runWith(root, { version })(args).pipe(
      // The other commands say themselves why they could not run.
      isSimulator ? Effect.tapCause(sayWhy) : identity,
      Effect.provide(Layer.merge(environment, CliOutput.layerPresenter(presenter))),
      Effect.provideService(HandOver.IsSealed, isSealed)
    )
  )
  if (isSimulator) {
    // This is how it is meant to end. Under npm the same signal comes twice.
    const interrupt = () => void Effect.runFork(Fiber.interrupt(fiber))
    process.on("SIGINT", interrupt).on("SIGTERM", interrupt)
  }
  const exit = await Effect.runPromise(Fiber.await(fiber))
  if (HandOver.hasHappened(exit)) return "handed over"
  if (Exit.isFailure(exit) && !(isSimulator && Cause.hasInterruptsOnly(exit.cause))) process.exitCode = 1
  return "done"
}

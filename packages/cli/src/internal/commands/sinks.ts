import { SinkPlugin } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type * as JsonOutput from "../../JsonOutput.ts"
import { commandLine } from "../commandLine.ts"
import * as HandOver from "../handOver.ts"
import { table } from "../output/columns.ts"
import * as Screen from "../output/screen.ts"
import { bundled, packageOf } from "../settings/bundledSinks.ts"
import { comesWithTheCommand, findSink, importFrom } from "../settings/sinkTargets.ts"

interface Flags {
  readonly json: boolean
  /** The only sink to show. */
  readonly sink: Option.Option<string>
}

const entries = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The name of the package in a folder; nothing if there is none. */
const ownName = (folder: string): ReadonlyArray<string> => {
  try {
    return [
      String((JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly name?: unknown }).name)
    ]
  } catch {
    return []
  }
}

/** Packages named like sinks in the folders from which Node finds packages; a package finds itself too. */
const installed = (from: string): ReadonlyArray<string> => {
  const found: Array<string> = [...ownName(from)]
  for (let folder = from;; folder = dirname(folder)) {
    const modules = join(folder, "node_modules")
    for (const name of entries(modules)) {
      found.push(...name.startsWith("@") ? entries(join(modules, name)).map((inner) => `${name}/${inner}`) : [name])
    }
    if (dirname(folder) === folder) break
  }
  return found.filter((name) => /^(@labelstream\/sink-|(@[^/]+\/)?labelstream-sink-)/.test(name))
}

// The kit tests sinks and is not a sink.
const kit = "@labelstream/sink-testkit"

const describe = (name: string) =>
  SinkPlugin.find(name, importFrom(process.cwd())).pipe(
    Effect.map((definition) => ({
      sink: shortOf(definition.name, packageOf(name)),
      package: packageOf(name),
      version: definition.version,
      target: SinkPlugin.targetOf(definition) ?? null,
      options: SinkPlugin.optionsOf(definition).map(({ description, isRequired, name }) => ({
        name,
        required: isRequired,
        description
      })),
      keeps: definition.keeps ?? [],
      error: null
    })),
    Effect.catch(({ message }) =>
      Effect.succeed({
        sink: null,
        package: name,
        version: null,
        target: null,
        options: [],
        keeps: [],
        error: message
      })
    )
  )

const verbs = [["kept", "keeps"], ["approximated", "approximates"], ["dropped", "drops"]] as const

/** What a sink makes of annotations, a line for each of: it keeps, it approximates, it drops. */
const keepingLines = (keeps: ReadonlyArray<SinkPlugin.Keeping>): ReadonlyArray<string> =>
  Array.from(new Set(keeps.map(({ variant }) => variant)), (variant) =>
    verbs.flatMap(([how, verb]) => {
      const some = keeps.filter((keeping) => keeping.variant === variant && keeping.how === how)
      const names = some.map(({ what, why }) => how === "approximated" ? `${what} (${why ?? ""})` : what)
      return names.length === 0 ? [] : [`  ${variant === "" ? "" : `${variant}: `}${verb} ${names.join(", ")}`]
    })).flat()

const shortOf = (name: string, packageName: string) =>
  Object.keys(bundled).some((each) => packageOf(each) === packageName) ? name : packageName

type Sink = Effect.Success<ReturnType<typeof describe>>

/** What a person types to store in a sink. */
const usage = ({ options, sink, target }: Sink): string =>
  target !== null
    ? `--to ${sink}:${target.toUpperCase()}`
    : options.some(({ required }) => required)
    ? `in a settings file only: { "sink": "${sink}", ... }`
    : `--to ${sink}`

/** A line for each sink. */
const overview = (sinks: ReadonlyArray<Sink>): ReadonlyArray<string> => [
  ...table(sinks.map((sink) =>
    sink.error === null
      ? [usage(sink), `${sink.package} ${sink.version}`]
      : [sink.package, `cannot be used: ${sink.error}`]
  )),
  "",
  `For the options of a sink, run: ${commandLine(["sinks", "NAME"])}`
]

/** All about one sink. */
const details = (sink: Sink): ReadonlyArray<string> => [
  `${sink.sink} (${sink.package} ${sink.version})`,
  `  ${usage(sink)}`,
  ...sink.options.map(({ description, name, required }) =>
    `  ${name}${required ? " (required)" : ""}: ${description || "not described"}`
  ),
  ...keepingLines(sink.keeps)
]

export const run = Effect.fnUntraced(function*({ json, sink: only }: Flags) {
  const sink = Option.getOrUndefined(only)
  const names = new Set([...Object.keys(bundled), ...installed(process.cwd())])
  names.delete(kit)
  const chosen = sink === undefined
    ? Array.from(names)
    : [SinkPlugin.candidates(sink).find((name) => names.has(name)) ?? sink]
  if (!chosen.every(comesWithTheCommand)) yield* HandOver.beforeForeignCode
  // A named sink must exist and be usable.
  if (sink !== undefined) yield* findSink(sink, importFrom(process.cwd()))
  const sinks = yield* Effect.forEach(chosen, describe)
  if (json) {
    const object: typeof JsonOutput.Sinks.Type = { sinks }
    Screen.say("stdout", JSON.stringify(object))
    return 0
  }
  const lines = sink === undefined ? overview(sinks) : sinks.flatMap(details)
  Screen.say("stdout", lines.map(onOneLine).join("\n"))
  return 0
})

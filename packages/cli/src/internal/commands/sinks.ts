import { SinkPlugin } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import { readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import type * as JsonOutput from "../../JsonOutput.ts"
import * as HandOver from "../handOver.ts"
import * as Screen from "../output/screen.ts"
import { bundled, comesWithTheCommand, importFrom, packageOf } from "../settings/sinkTargets.ts"

interface Flags {
  readonly json: boolean
}

const entries = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Packages named like sinks in the folders from which Node finds packages. */
const installed = (from: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let folder = from;; folder = dirname(folder)) {
    const modules = join(folder, "node_modules")
    for (const name of entries(modules)) {
      const names = name.startsWith("@") ? entries(join(modules, name)).map((inner) => `${name}/${inner}`) : [name]
      found.push(...names.filter((each) => /^(@labelstream\/sink-|(@[^/]+\/)?labelstream-sink-)/.test(each)))
    }
    if (dirname(folder) === folder) return found
  }
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

export const run = Effect.fnUntraced(function*(flags: Flags) {
  const names = new Set([...Object.keys(bundled), ...installed(process.cwd())])
  names.delete(kit)
  if (!Array.from(names).every(comesWithTheCommand)) yield* HandOver.beforeForeignCode
  const sinks = yield* Effect.forEach(names, describe)
  if (flags.json) {
    const object: typeof JsonOutput.Sinks.Type = { sinks }
    Screen.say("stdout", JSON.stringify(object))
    return 0
  }
  const blocks = sinks.map((sink) =>
    sink.error === null
      ? [
        `${sink.sink} (${sink.package} ${sink.version})`,
        sink.target !== null
          ? `  --to ${sink.sink}:${sink.target.toUpperCase()}`
          : sink.options.some(({ required }) => required)
          ? `  in a settings file only: { "sink": "${sink.sink}", ... }`
          : `  --to ${sink.sink}`,
        ...sink.options.map(({ description, name, required }) =>
          `  ${name}${required ? " (required)" : ""}: ${description || "not described"}`
        ),
        ...keepingLines(sink.keeps)
      ]
      : [sink.package, `  cannot be used: ${sink.error}`]
  )
  Screen.say("stdout", blocks.map((lines) => lines.map(onOneLine).join("\n")).join("\n\n"))
  return 0
})

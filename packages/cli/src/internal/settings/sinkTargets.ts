/** Sinks by name: those that come with the command, and those that a person has installed. */
import { type JobSink, SinkPlugin } from "@labelstream/core"
import { onOneLine } from "@labelstream/core/PlainText"
import * as Effect from "effect/Effect"
import { registerHooks } from "node:module"
import { isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { Target } from "../../Config.ts"
import { commandLine } from "../commandLine.ts"
import { SettingsError } from "../failure.ts"
import * as HandOver from "../handOver.ts"
import { didYouMean } from "../output/didYouMean.ts"
import { withoutSecrets } from "../output/text.ts"
import { bundled, bundledNames } from "./bundledSinks.ts"
import { absolute, schemeOf } from "./paths.ts"
import type { SinkTarget } from "./settings.ts"
import * as SinkOptions from "./sinkOptions.ts"

/** What a sink has as peer dependencies. */
const peers = /^(?:effect|@labelstream\/core)(?:\/|$)/

let sharesPeers = false

/**
 * Makes sinks import the command's own copies of their peers, wherever the command is installed: one copy does not recognize
 * what another one makes.
 */
const sharePeers = () => {
  if (sharesPeers) return
  sharesPeers = true
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, peers.test(specifier) ? { ...context, parentURL: import.meta.url } : context)
  })
}

/** Imports a package as seen from a folder, and if it is not there, as seen from here. */
export const importFrom = (folder: string): SinkPlugin.Import => async (name) => {
  const own = bundled[name]
  if (own !== undefined) return own()
  sharePeers()
  if (/^\.{1,2}\//.test(name) || isAbsolute(name)) return import(pathToFileURL(resolve(folder, name)).href)
  // Loaded when it is needed, because most runs write to bundled sinks.
  const { resolve: resolveModule } = await import("import-meta-resolve")
  const from = pathToFileURL(join(folder, "package.json")).href
  try {
    return await import(resolveModule(name, from))
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND"
    if (!isMissing || !String(cause).includes(`'${name}'`)) throw cause
    return import(name)
  }
}

/** Whether a sink's short or full name is that of a bundled sink. */
export const comesWithTheCommand = (sink: string): boolean =>
  SinkPlugin.candidates(sink).some((name) => Object.hasOwn(bundled, name))

/** The target as a person writes it, without secrets. */
export const labelOf = ({ target }: SinkTarget): string => {
  if (typeof target === "string") return withoutSecrets(target)
  const place = target["directory"] ?? target["file"]
  return typeof place === "string" ? withoutSecrets(`${target.sink}:${place}`) : target.sink
}

/** What to do instead of writing to S3. */
const copyToS3 =
  "Write to a folder of this machine, then run: aws s3 sync FOLDER s3://BUCKET --exclude '.labelstream/*'"

/** Finds a sink by name, or says which one may be meant. */
export const findSink = (sink: string, importModule: SinkPlugin.Import) =>
  Effect.catchIf(
    SinkPlugin.find(sink, importModule),
    ({ reason }) => reason === "missing",
    (error) => {
      if (sink === "s3") return Effect.fail(new SettingsError({ message: `S3 is no sink. ${copyToS3}` }))
      const meant = didYouMean(sink, bundledNames)
      return Effect.fail(
        meant === "" ? error : new SettingsError({
          message: `There is no sink ${onOneLine(sink)}.${meant} To list the sinks, run: ${commandLine(["sinks"])}`
        })
      )
    }
  )

const split = (target: Target) => {
  if (typeof target !== "string") {
    const { sink, ...options } = target
    return { sink, value: undefined, options }
  }
  const colon = target.indexOf(":")
  if (colon === -1) return { sink: target, value: undefined, options: {} }
  return { sink: target.slice(0, colon), value: target.slice(colon + 1), options: {} }
}

/** A target with all its options by name, and paths that lead to the same place from every folder. */
export const inFull = Effect.fnUntraced(function*({ folder, set = [], target }: SinkTarget): Effect.fn.Return<
  { readonly sink: string; readonly [option: string]: unknown },
  SinkPlugin.SinkPluginError | SettingsError
> {
  const { options, sink, value } = split(target)
  if (!comesWithTheCommand(sink)) yield* HandOver.beforeForeignCode
  const importModule = importFrom(folder)
  const all: Record<string, unknown> = { ...options }
  const definition = yield* findSink(sink, importModule)
  const fields = SinkPlugin.optionsOf(definition)
  for (const each of set) all[each.option] = yield* SinkOptions.valueOf(each, fields)
  if (value !== undefined) {
    const option = SinkPlugin.targetOf(definition)
    const secret = fields.find(({ isSecret }) => isSecret)
    if (secret !== undefined && (option === undefined || value.startsWith("//"))) {
      return yield* new SettingsError({
        message: `--to ${sink}://...: others on this machine can read a URL in a flag. Use --to ${sink}. ` +
          `Its option ${secret.name}: ${secret.description}`
      })
    }
    if (option === undefined) {
      return yield* new SettingsError({
        message:
          `Sink "${sink}" does not say which of its options ${sink}:TARGET fills. Set its options in a settings file: ` +
          `{ "sink": "${sink}", ... }`
      })
    }
    all[option] = value
  }
  const typed = new Set(set.map(({ option }) => option))
  for (const { isPath, name } of fields) {
    const given = all[name]
    if (!isPath || typeof given !== "string") continue
    const scheme = schemeOf(given)
    if (scheme !== undefined) {
      return yield* new SettingsError({
        message: `${sink}:${scheme}://...: this sink writes to a path of this machine, ` +
          `not to ${scheme}://. ${scheme === "s3" ? copyToS3 : `Name a path, or use a sink for ${scheme}`}`
      })
    }
    all[name] = absolute(typed.has(name) ? process.cwd() : folder, given)
  }
  return { ...all, sink }
})

/** Makes the sink of a target. */
export const make = Effect.fnUntraced(function*(place: SinkTarget): Effect.fn.Return<
  JobSink.JobSink,
  SinkPlugin.SinkPluginError | SettingsError
> {
  const { sink, ...options } = yield* inFull(place)
  return yield* SinkPlugin.load(sink, options, importFrom(place.folder))
})

/** Fails if no target is given. */
export const needSome = (targets: ReadonlyArray<SinkTarget>): Effect.Effect<void, SettingsError> =>
  targets.length > 0 ? Effect.void : new SettingsError({
    message:
      "No sink is named. Use --to files:DIR, --to sqlite:FILE, --to parquet:DIR, --to yolo:DIR, --to coco:DIR, or several"
  })

/** Makes the sinks of all targets; at least one must be given. */
export const makeAll = (targets: ReadonlyArray<SinkTarget>) =>
  Effect.andThen(needSome(targets), Effect.forEach(targets, make))

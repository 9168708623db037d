/** The settings of a command: flags override the environment, the environment overrides the file. */
import { GtStudio } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { readFileSync } from "node:fs"
import { Config, type Target } from "../../Config.ts"
import { SettingsError } from "../failure.ts"
import { didYouMean } from "../output/didYouMean.ts"
import { withoutSecrets } from "../output/text.ts"
import { load } from "./configFile.ts"
import { absolute, fromHome, schemeOf } from "./paths.ts"
import * as SinkOptions from "./sinkOptions.ts"

/** Settings with their defaults. */
export interface Settings {
  readonly projects: ReadonlyArray<string>
  readonly batches: ReadonlyArray<string>
  readonly allBatches: boolean
  readonly to: ReadonlyArray<SinkTarget>
  /** All options of `--set`, for any sink. */
  readonly set: ReadonlyArray<SinkOptions.SetOption>
  /** Whether the settings file names `to`: a command in the same folder then need not. */
  readonly toIsInFile: boolean
  /** Absolute path of the ledger, and as the person named it. */
  readonly ledger: string
  readonly ledgerName: string
  /** Jobs in flight; undefined for the library's default. */
  readonly concurrency: number | undefined
  readonly requestsPerSecond: number | undefined
  readonly attachments: "none" | "results" | "all"
  /** Where to get sizes of images, and the folder that a path there starts from. */
  readonly sizes: { readonly text: string; readonly folder: string } | undefined
  /** Seconds between two passes; undefined without `--follow`. */
  readonly follow: number | undefined
  readonly limit: number | undefined
  readonly status: ReadonlyArray<string>
  readonly label: ReadonlyArray<string>
  /** Database of the cluster whose runners do the work; undefined if this process does it. */
  readonly cluster: Redacted.Redacted | undefined
  readonly baseUrl: string
  readonly allowHttp: boolean
  /** The file that they come from in part, as the person named it. */
  readonly file: string | undefined
  /** The folder from which packages of sinks are found. */
  readonly folder: string
}

/** A target, and the folder that a path in it starts from. */
export interface SinkTarget {
  readonly target: Target
  readonly folder: string
  /** What `--set` says of this sink; in place of the same options in the target. */
  readonly set?: ReadonlyArray<SinkOptions.SetOption>
}

/** The name of a target's sink. */
export const sinkOf = (target: Target): string =>
  typeof target === "string" ? target.split(":", 1)[0] ?? target : target.sink

const list = (text: string) => text.split(",").map((item) => item.trim()).filter((item) => item !== "")
const number = (text: string) => text.trim() === "" ? Number.NaN : Number(text)
const word = (text: string) => text
// What is neither stays as it is, for the Schema to refuse.
const truth = (text: string): unknown => ({ true: true, false: false })[text.toLowerCase()] ?? text

/** The environment's names for settings, and how each is read. */
const variables: ReadonlyArray<readonly [keyof Config, string, (text: string) => unknown]> = [
  ["project", "GT_STUDIO_PROJECT_ID", list],
  ["batches", "GT_STUDIO_BATCH_ID", list],
  ["baseUrl", "GT_STUDIO_BASE_URL", word],
  ["allowHttp", "GT_STUDIO_ALLOW_HTTP", truth],
  ["to", "LABELSTREAM_TO", list],
  ["ledger", "LABELSTREAM_LEDGER", word],
  ["concurrency", "LABELSTREAM_CONCURRENCY", number],
  ["requestsPerSecond", "LABELSTREAM_REQUESTS_PER_SECOND", number],
  ["attachments", "LABELSTREAM_ATTACHMENTS", word],
  ["cluster", "LABELSTREAM_CLUSTER", word]
]

const environment = () =>
  Object.fromEntries(variables.flatMap(([key, variable, read]) => {
    const text = process.env[variable] ?? ""
    return text === "" ? [] : [[key, read(text)]]
  }))

const flagNames: Partial<Record<keyof Config, string>> = {
  batches: "--batch",
  allBatches: "--all-batches",
  requestsPerSecond: "--requests-per-second",
  baseUrl: "--base-url",
  allowHttp: "--allow-http",
  // The only one of its two flags that has a value.
  follow: "--interval"
}

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()
const decode = Schema.decodeUnknownResult(Config)

type Path = ReadonlyArray<string>

const indexed = (path: Path) => path.map((part) => /^\d+$/.test(part) ? `[${part}]` : `.${part}`).join("")

/** The place of a problem in a file. */
const inFile = ([key = "", ...rest]: Path) => `${key}${indexed(rest)}`

/** The place of a problem in what was typed: with a number or a target, which a person recognizes. */
const typedAs =
  (content: Partial<Record<string, unknown>>, nameOf: (key: string) => string) => ([key = "", ...rest]: Path) => {
    const value = [key, ...rest].reduce<unknown>((of, part) => Object(of)[part], content)
    if (key === "to" && typeof value === "string") return `${nameOf(key)} ${withoutSecrets(value)}`
    return Number.isFinite(value) ? `${nameOf(key)} ${String(value)}` : `${nameOf(key)}${indexed(rest)}`
  }

/** All that is wrong with one source, each thing under the name that the source has for it. */
const problems = (content: unknown, placeOf: (path: Path) => string) => {
  const decoded = decode(content, { errors: "all", onExcessProperty: "error" })
  if (Result.isSuccess(decoded)) return { config: decoded.success, problems: [] }
  const found = new Map<string, string>()
  for (const { message, path = [] } of issuesOf(decoded.failure.issue).issues) {
    const [key = "", ...rest] = path.map((part) => String(typeof part === "object" ? part.key : part))
    const place = placeOf([key, ...rest])
    // The first thing that is wrong with a value is enough of it.
    if (!found.has(place)) found.set(place, problemOf(key, rest.length === 0, message))
  }
  return {
    config: {} as Config,
    problems: Array.from(found, ([place, said]) => place === "" ? said : `${place}: ${said}`)
  }
}

const problemOf = (key: string, isSetting: boolean, message: string): string => {
  if (/^(api_?)?key|token|secret/i.test(key)) {
    return "the API key belongs in GT_STUDIO_API_KEY, or in the file that GT_STUDIO_API_KEY_FILE names"
  }
  if (key !== "" && isSetting && !(key in Config.fields)) return "there is no such setting"
  return message.replace(/^E/, "e").replaceAll(/\s*\n\s*/g, " ")
}

const clusterUrl = (url: string) => url.startsWith("sqlite:") ? `sqlite:${fromHome(url.slice(7))}` : url

const hasPassword = (url: string) => URL.canParse(url) && new URL(url).password !== ""

/** Settings as flags give them. */
export interface FlagSettings extends Config {
  /** `SINK.OPTION=VALUE`, which no file holds: a target there has its options with it. */
  readonly set?: ReadonlyArray<string>
}

/**
 * Puts flags, environment and file together. Fails with all problems of all three at once. `more` are targets that are not
 * among the settings, for which options may be set too.
 */
export const resolveSettings = Effect.fnUntraced(function*(
  { set = [], ...flags }: FlagSettings,
  named: string | undefined,
  more: ReadonlyArray<Target> = []
) {
  const file = yield* load(named)
  const fromFile = problems(file?.content ?? {}, inFile)
  const variablesSet = environment()
  const fromEnvironment = problems(
    variablesSet,
    typedAs(variablesSet, (key) => variables.find(([name]) => name === key)?.[1] ?? key)
  )
  const fromFlags = problems(flags, typedAs({ ...flags }, (key) => flagNames[key as keyof Config] ?? `--${key}`))
  const typed = fromFlags.config.cluster
  const all = [
    ...(typed !== undefined && hasPassword(typed)
      ? ["--cluster: others on this machine can read a password in a flag. Set LABELSTREAM_CLUSTER to the URL"]
      : []),
    ...fromFlags.problems,
    ...fromEnvironment.problems,
    ...fromFile.problems.map((problem) => `${file?.name ?? ""}: ${problem}`)
  ]
  if (all.length > 0) {
    const message = all.length === 1 ? all[0] ?? "" : [
      `${all.length} settings are wrong:`,
      ...all.map((problem) => `- ${problem}`)
    ].join("\n")
    return yield* new SettingsError({ message })
  }
  // Batches that are named win over all of them that a weaker source asks for, and the other way round.
  const choice = [fromFlags, fromEnvironment, fromFile].map(({ config }) => config).find(
    ({ allBatches, batches }) => allBatches === true || batches !== undefined
  )
  const here = process.cwd()
  const sources: ReadonlyArray<readonly [Config, string]> = [
    [fromFile.config, file?.folder ?? here],
    [fromEnvironment.config, here],
    [fromFlags.config, here]
  ]
  const merged: Config = Object.assign({}, ...sources.map(([config]) => config))
  const folderOf = (key: keyof Config) => sources.findLast(([config]) => config[key] !== undefined)?.[1] ?? here
  const toIsInFile = merged.to !== undefined && sources.findLast(([config]) => config.to !== undefined) === sources[0]
  const options = yield* Effect.forEach(set, SinkOptions.parse)
  const setFor = (target: Target) => options.filter(({ sink }) => sink === sinkOf(target))
  const sinks = Array.from(new Set([...merged.to ?? [], ...more].map(sinkOf)))
  const stray = options.find(({ sink }) => !sinks.includes(sink))
  if (stray !== undefined) {
    const named = sinks.length === 0
      ? "no sink is named"
      : `no target of this command is ${stray.sink}, only ${sinks.join(", ")}.${didYouMean(stray.sink, sinks)}`
    return yield* new SettingsError({ message: `--set ${stray.sink}.${stray.option}: ${named}` })
  }
  const ledgerName = merged.ledger ?? ".labelstream/ledger.sqlite"
  const settings: Settings = {
    projects: Array.from(new Set(merged.project === undefined ? [] : [merged.project].flat())),
    batches: choice?.batches ?? [],
    allBatches: choice?.allBatches ?? false,
    to: (merged.to ?? []).map((target) => ({ target, folder: folderOf("to"), set: setFor(target) })),
    set: options,
    toIsInFile,
    ledger: absolute(merged.ledger === undefined ? file?.folder ?? here : folderOf("ledger"), ledgerName),
    ledgerName,
    concurrency: merged.concurrency,
    requestsPerSecond: merged.requestsPerSecond,
    attachments: merged.attachments ?? "results",
    sizes: merged.sizes === undefined ? undefined : { text: merged.sizes, folder: folderOf("sizes") },
    follow: merged.follow === true ? 60 : merged.follow === false ? undefined : merged.follow,
    limit: merged.limit,
    status: merged.status ?? [],
    label: merged.label ?? [],
    cluster: merged.cluster === undefined ? undefined : Redacted.make(clusterUrl(merged.cluster)),
    baseUrl: merged.baseUrl ?? GtStudio.defaultBaseUrl,
    allowHttp: merged.allowHttp ?? false,
    file: file?.name,
    folder: file?.folder ?? here
  }
  const scheme = schemeOf(ledgerName)
  if (scheme !== undefined) {
    return yield* new SettingsError({
      message:
        `The ledger is a SQLite file of this machine, and ${scheme}:// is no path. Use --ledger FILE, or set LABELSTREAM_LEDGER`
    })
  }
  if (choice?.allBatches === true && (choice.batches?.length ?? 0) > 0) {
    return yield* new SettingsError({ message: "--batch and --all-batches exclude each other. Use one of them" })
  }
  return settings
})

/** The API key: from the environment, or from a file that the environment names. */
export const apiKey: Effect.Effect<Redacted.Redacted, SettingsError> = Effect.suspend(() => {
  const key = process.env["GT_STUDIO_API_KEY"] ?? ""
  const file = process.env["GT_STUDIO_API_KEY_FILE"] ?? ""
  if (key !== "") return Effect.succeed(Redacted.make(key))
  if (file === "") {
    return new SettingsError({
      message:
        "There is no API key. Set GT_STUDIO_API_KEY, or set GT_STUDIO_API_KEY_FILE to the path of a file with the key. " +
        "To try Labelstream without a key, run: labelstream simulator"
    })
  }
  return Effect.try({
    try: () => Redacted.make(readFileSync(fromHome(file), "utf8").trim()),
    catch: (cause) =>
      new SettingsError({
        message: `The API key cannot be read from ${file}, which GT_STUDIO_API_KEY_FILE names: ${
          (cause as NodeJS.ErrnoException).code ?? "unreadable"
        }`
      })
  })
})

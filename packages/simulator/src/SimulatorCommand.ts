/**
 * The command: a simulator that runs until it is interrupted, then reports what it served. For programs that take it as
 * their own command; loading it loads `effect/cli`.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Fault from "./Fault.ts"
import * as Scenario from "./Scenario.ts"
import * as Simulator from "./Simulator.ts"
import * as Traffic from "./Traffic.ts"

const flags = {
  jobs: Flag.Int("jobs").pipe(Flag.withDescription("Jobs in each batch (default: 1000)"), Flag.withDefault(1000)),
  batches: Flag.Int("batches").pipe(Flag.withDescription("Batches (default: 1)"), Flag.withDefault(1)),
  port: Flag.Int("port").pipe(
    Flag.withDescription("Port of the API; the storage takes the next one; 0 for any (default: 4010)"),
    Flag.withDefault(4010)
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription("Number or text that determines all content (default: 1)"),
    Flag.withDefault("1")
  ),
  apiKey: Flag.String("api-key").pipe(
    Flag.withDescription("Key to accept (default: simulator-key)"),
    Flag.withDefault("simulator-key")
  ),
  latency: Flag.Int("latency").pipe(
    Flag.withDescription("Milliseconds before each response (default: 0)"),
    Flag.withDefault(0)
  ),
  kinds: Flag.String("kinds").pipe(
    Flag.withDescription(
      `Result kinds, comma-separated, or all (default: image_annotation): ${Scenario.allKinds.join(", ")}`
    ),
    Flag.withDefault("image_annotation")
  ),
  ids: Flag.Literals("ids", ["uuid", "odd", "hostile", "mixed"]).pipe(
    Flag.withDescription("Form of job ids (default: uuid)"),
    Flag.withDefault("uuid" as const)
  ),
  unfinished: Flag.Finite("unfinished").pipe(
    Flag.withDescription("Share of unfinished jobs, 0 to 1 (default: 0)"),
    Flag.withDefault(0)
  ),
  documentBytes: Flag.Int("document-bytes").pipe(
    Flag.withDescription("Approximate size of each result document (default: natural, 0.3 to 6 KB)"),
    Flag.withDefault(0)
  ),
  imageSizes: Flag.String("image-sizes").pipe(
    Flag.withDescription(
      "Sizes of images and masks, such as 640x480,1080x1920 (default: 640x480,1280x720,1920x1080,1080x1920)"
    ),
    Flag.optional
  ),
  inputsAt: Flag.Literals("inputs-at", ["bucket", "storage"]).pipe(
    Flag.withDescription(
      "Place of input media: a customer's bucket, or the storage, which serves them unsigned (default: bucket)"
    ),
    Flag.withDefault("bucket" as const)
  ),
  rateLimit: Flag.Finite("rate-limit").pipe(
    Flag.withDescription("Requests per second before the API responds with 429 (default: no limit)"),
    Flag.optional
  ),
  keyAtStorage: Flag.Literals("key-at-storage", ["refuse", "allow"]).pipe(
    Flag.withDescription(
      "Response of the storage to a request with the API key: 403 (refuse), or the file (default: refuse)"
    ),
    Flag.withDefault("refuse" as const)
  ),
  faults: Flag.Path("faults").pipe(
    Flag.withDescription("JSON file with a list of faults; see docs/reference/simulator.md (default: none)"),
    Flag.optional
  ),
  transient: Flag.Finite("transient").pipe(
    Flag.withDescription("Share of requests that meets each transient fault once, 0 to 0.083 (default: 0)"),
    Flag.withDefault(0)
  )
}

const wrong = (operation: string, cause: unknown) =>
  new Simulator.SimulatorError({
    operation,
    reason: new Simulator.Misconfigured({ message: cause instanceof Error ? cause.message : String(cause) })
  })

const readFaults = Effect.fnUntraced(
  function*(file: string) {
    const fileSystem = yield* FileSystem.FileSystem
    const text = yield* Effect.catchReason(
      fileSystem.readFileString(file),
      "PlatformError",
      "NotFound",
      () => Effect.fail("there is no such file")
    )
    const json = yield* Effect.try({ try: (): unknown => JSON.parse(text), catch: (cause) => String(cause) })
    return yield* Fault.decode(json)
  },
  (effect, file) => Effect.mapError(effect, (cause) => wrong(`--faults ${file}`, cause))
)

/** Sizes as the flag writes them. */
const readSizes = Effect.fnUntraced(function*(text: string) {
  const sizes: Array<readonly [width: number, height: number]> = []
  for (const one of text.split(",")) {
    const [, width, height] = /^\s*(\d+)x(\d+)\s*$/i.exec(one) ?? []
    if (width === undefined || height === undefined) {
      return yield* Effect.fail(wrong("--image-sizes", `${JSON.stringify(one)} is not a size such as 640x480`))
    }
    sizes.push([Number(width), Number(height)])
  }
  return sizes
})

const optionsOf = Effect.fnUntraced(function*(input: Command.Command.Config.Infer<typeof flags>) {
  const kinds = input.kinds === "all" ? Scenario.allKinds : input.kinds.split(",").map((kind) => kind.trim())
  const batch = {
    jobs: input.jobs,
    kinds: kinds as ReadonlyArray<Scenario.Kind>,
    ids: input.ids,
    unfinished: input.unfinished
  }
  const transient = yield* Effect.try({
    try: () => input.transient === 0 ? [] : Fault.transient(input.transient),
    catch: (cause) => wrong("--transient", cause)
  })
  const sizes = Option.isSome(input.imageSizes) ? yield* readSizes(input.imageSizes.value) : undefined
  const listed = Option.isSome(input.faults) ? yield* readFaults(input.faults.value) : []
  return {
    seed: /^-?\d+$/.test(input.seed) ? Number(input.seed) : input.seed,
    port: input.port,
    apiKey: input.apiKey,
    latency: input.latency,
    documentBytes: input.documentBytes,
    images: { at: input.inputsAt, ...(sizes === undefined ? {} : { sizes }) },
    keyAtStorage: input.keyAtStorage,
    batches: Array.from({ length: input.batches }, () => batch),
    faults: [...listed, ...transient],
    ...(Option.isSome(input.rateLimit) ? { rateLimit: { perSecond: input.rateLimit.value } } : {})
  } satisfies Simulator.Options
})

/** A word as a shell reads it. */
const quote = (text: string): string => /^[\w.:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** Batches named at the start; the project's details name them all. */
const named = 5

const describe = (simulator: Simulator.Running): string => {
  const { apiKey, apiUrl, batches, projectId, storageUrl } = simulator
  return [
    `API      ${apiUrl}`,
    `storage  ${storageUrl}`,
    `project  ${projectId}`,
    ...batches.slice(0, named).map(({ id, total }) => `batch    ${id}  ${total.toLocaleString("en")} jobs`),
    ...(batches.length > named ? [`         and ${batches.length - named} more`] : []),
    "",
    `export GT_STUDIO_BASE_URL=${apiUrl}`,
    `export GT_STUDIO_API_KEY=${quote(apiKey)}`,
    `export GT_STUDIO_PROJECT_ID=${projectId}`,
    ...batches.slice(0, 1).map(({ id }) => `export GT_STUDIO_BATCH_ID=${id}`),
    "",
    "Ctrl-C stops it and reports what it served."
  ].join("\n")
}

/**
 * Makes the command under a name; `typed` is the command line that runs it. Fails as `Simulator.start` does. It ends
 * when it is interrupted.
 */
export const make = <Name extends string>(name: Name, typed: string = name) =>
  Command.make(name, flags, (input) =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start(yield* optionsOf(input))
      yield* Console.log(describe(simulator))
      yield* Effect.addFinalizer(() =>
        Effect.flatMap(simulator.report, (report) => Console.log(`\n${Traffic.format(report)}`))
      )
      return yield* Effect.never
    }).pipe(Effect.scoped)).pipe(
      Command.withDescription("Serves a local GT Studio: the API and its signed storage"),
      Command.withExamples([
        { command: `${typed} --jobs 1000 --kinds all`, description: "A batch with every kind of result" },
        { command: `${typed} --transient 0.02`, description: "2 % of every retryable fault" }
      ])
    )

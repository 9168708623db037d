/** The flags of the commands. Descriptions name the defaults, since help shows none of its own. */
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import type { FlagSettings } from "./settings.ts"

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

const many = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.atLeast(0))

const onOff = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.optional)

/** A flag that is off unless it is given. */
export const on = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

export const json = on("json", "Print one JSON object on stdout, and nothing else")

export const config = text(
  "config",
  "FILE",
  "Settings file (default: labelstream.json or labelstream.config.ts, if there is one)"
)

export const ledger = text("ledger", "FILE", "Ledger file (default: .labelstream/ledger.sqlite)")

/** The project of a command, with what its help says after the description. */
export const projectOf = (more: string) => many("project", "ID", `Project (or GT_STUDIO_PROJECT_ID)${more}`)

/** How the platform is reached. */
export const connection = {
  project: projectOf("; with --all-batches, repeat it for more"),
  baseUrl: text("base-url", "URL", "URL of the API (or GT_STUDIO_BASE_URL; default: https://api.playment.io)"),
  allowHttp: onOff("allow-http", "Allow sending the API key over plain http to other hosts than this machine"),
  config
}

export const cluster = text(
  "cluster",
  "URL",
  "Database of a cluster, sqlite:FILE or postgres://... (or LABELSTREAM_CLUSTER, for a URL with a password)"
)

/** Which batches, and where to store them. */
export const targets = {
  batches: many("batch", "ID", "Batch; repeat it for more (or GT_STUDIO_BATCH_ID, comma-separated)"),
  allBatches: onOff("all-batches", "Every batch that the projects have now"),
  set: many("set", "SINK.OPTION=VALUE", "Option of a sink, such as coco.split=train=0.8,val=0.2; repeat it for more"),
  to: many(
    "to",
    "KIND:TARGET",
    "Sink: files:DIR, sqlite:FILE, parquet:DIR, postgres, yolo:DIR, coco:DIR, or PACKAGE:TARGET; repeat it for more"
  ),
  ledger
}

/** Batches of a sink. The environment names batches of the platform, so it does not apply. */
export const convertBatches = many("batch", "ID", "Only this batch; repeat it for more (default: all in the source)")

/** Where to get sizes of images. */
export const sizes = text(
  "sizes",
  "SOURCE",
  "Where to get sizes of images without a mask or stored input: fetch (the first 64 KiB of each image, without the " +
    "key), a folder of images, a CSV table of name,width,height, or one size such as 1920x1080 (default: none)"
)

/** How fast to fetch, and which jobs. */
export const work = {
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Maximum jobs in flight (default: 96)"),
    Flag.optional
  ),
  requestsPerSecond: Flag.Finite("requests-per-second").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Maximum requests to the API per second (default: no limit)"),
    Flag.optional
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Fetch at most N jobs; the next run takes the next ones"),
    Flag.optional
  ),
  status: many("status", "WORD", "Only jobs with this status in the listing; repeat it for more"),
  label: many(
    "label",
    "LABEL",
    "Only jobs with an annotation of this label; repeat it for more. Fetches every result to find out"
  ),
  attachments: Flag.Literals("attachments", ["none", "results", "all"]).pipe(
    Flag.withDescription(
      "Files to fetch with a result: none, results (masks and point labels), or all (input media too) (default: results)"
    ),
    Flag.optional
  ),
  sizes
}

/** How to follow a batch until its jobs are finished. */
export const following = {
  follow: onOff("follow", "Poll until every job is finished"),
  interval: Flag.Finite("interval").pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("Time between polls (default: 60)"),
    Flag.optional
  )
}

/** How a runner can be reached. */
export const runner = {
  address: text(
    "address",
    "HOST:PORT",
    "Address where other runners reach this one; required if the database is on another machine (default: 127.0.0.1 and a free port)"
  ),
  listen: text("listen", "HOST:PORT", "Address to listen on, if it differs from --address"),
  health: text("health", "HOST:PORT", "Serve /health and /metrics on this address")
}

/** What a run reports to other programs. */
export const telemetry = {
  otlp: text("otlp", "URL", "Send spans, metrics, and logs to this OpenTelemetry collector"),
  prometheus: text("prometheus", "FILE", "Write metrics to this file in the text format of Prometheus"),
  logFormat: Flag.Literals("log-format", ["text", "json"]).pipe(
    Flag.withDescription("Format of logs on stderr: text, or one JSON object per line (default: text)"),
    Flag.withDefault("text" as const)
  )
}

/** Which jobs a refresh fetches. */
export const again = {
  jobs: many("job", "ID", "Only this job; repeat it for more"),
  checkedBefore: Flag.Date("checked-before").pipe(
    Flag.withMetavar("TIME"),
    Flag.withDescription("Only jobs last checked before this time, such as 2026-11-23T08:00Z"),
    Flag.optional
  )
}

/** The values of the flags that are settings. */
export interface SettingFlags {
  readonly project?: ReadonlyArray<string>
  readonly baseUrl?: Option.Option<string>
  readonly allowHttp?: Option.Option<boolean>
  readonly batches?: ReadonlyArray<string>
  readonly allBatches?: Option.Option<boolean>
  readonly to?: ReadonlyArray<string>
  readonly set?: ReadonlyArray<string>
  readonly ledger?: Option.Option<string>
  readonly concurrency?: Option.Option<number>
  readonly requestsPerSecond?: Option.Option<number>
  readonly limit?: Option.Option<number>
  readonly status?: ReadonlyArray<string>
  readonly label?: ReadonlyArray<string>
  readonly attachments?: Option.Option<"none" | "results" | "all">
  readonly sizes?: Option.Option<string>
  readonly follow?: Option.Option<boolean>
  readonly interval?: Option.Option<number>
  readonly cluster?: Option.Option<string>
}

/** The flags that were given, as settings; those that are not settings are left out. */
export const settingsOf = (flags: SettingFlags): FlagSettings => {
  const value = <A>(option: Option.Option<A> | undefined) =>
    option === undefined ? undefined : Option.getOrUndefined(option)
  const follow = value(flags.follow)
  const values = {
    project: flags.project,
    baseUrl: value(flags.baseUrl),
    allowHttp: value(flags.allowHttp),
    batches: flags.batches,
    allBatches: value(flags.allBatches),
    to: flags.to,
    set: flags.set,
    ledger: value(flags.ledger),
    concurrency: value(flags.concurrency),
    requestsPerSecond: value(flags.requestsPerSecond),
    limit: value(flags.limit),
    status: flags.status,
    label: flags.label,
    attachments: value(flags.attachments),
    sizes: value(flags.sizes),
    cluster: value(flags.cluster),
    follow: follow === false ? false : value(flags.interval) ?? follow
  }
  return Object.fromEntries(
    Object.entries(values).filter(([, each]) => each !== undefined && !(Array.isArray(each) && each.length === 0))
  ) as FlagSettings
}

/** The commands and what they take. What they do is loaded when it is done, so that help is there at once. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as flags from "./flags.ts"
import { handle } from "./handle.ts"

const here = { project: "--project $GT_STUDIO_PROJECT_ID", batch: "--batch $GT_STUDIO_BATCH_ID" }

const exportCommand = Command.make(
  "export",
  {
    ...flags.connection,
    ...flags.targets,
    ...flags.work,
    ...flags.following,
    ...flags.telemetry,
    cluster: flags.cluster,
    refresh: Flag.Boolean("refresh").pipe(
      Flag.withDescription("fetch finished jobs again too, and store those that changed"),
      Flag.withDefault(false)
    ),
    repair: Flag.Boolean("repair").pipe(
      Flag.withDescription("read back what is stored, and restore what is missing or modified there"),
      Flag.withDefault(false)
    ),
    json: flags.json
  },
  handle(() => import("./commands/export.ts"))
).pipe(
  Command.withDescription(
    "Exports finished jobs into sinks: new and changed ones, and those that failed and may pass.\n\n" +
      "  Run it again for what is new since, and to go on after a crash. It ends with 0 when nothing is missing, 2 when\n" +
      "  jobs failed, a batch could not be listed or no job matches the filter, 1 when it could not run, 130 when it was\n" +
      "  stopped."
  ),
  Command.withShortDescription("Export finished jobs into sinks"),
  Command.withExamples([
    {
      command: `labelstream export ${here.project} ${here.batch} --to files:output`,
      description: "One batch as files"
    },
    {
      command: `labelstream export ${here.project} --all-batches --to sqlite:labels.db --to parquet:dataset`,
      description: "Every batch into two sinks, fetched once"
    },
    {
      command: `labelstream export ${here.project} ${here.batch} --to files:output --limit 10`,
      description: "Ten jobs, to see what they look like"
    },
    {
      command: `labelstream export ${here.project} ${here.batch} --to files:output --repair`,
      description: "After labelstream verify found stored files missing or modified"
    }
  ])
)

const retry = Command.make(
  "retry",
  {
    ...flags.connection,
    ...flags.targets,
    ...flags.work,
    ...flags.telemetry,
    cluster: flags.cluster,
    json: flags.json
  },
  handle(() => import("./commands/retry.ts"))
).pipe(
  Command.withDescription("Tries exactly the failed jobs again, whatever their error, without the listing"),
  Command.withShortDescription("Try the failed jobs again"),
  Command.withExamples([{
    command: `labelstream retry ${here.project} ${here.batch} --to files:output`,
    description: "After labelstream export with the same flags ended with 2"
  }])
)

const refresh = Command.make(
  "refresh",
  { ...flags.connection, ...flags.targets, ...flags.work, ...flags.again, ...flags.telemetry, json: flags.json },
  handle(() => import("./commands/refresh.ts"))
).pipe(
  Command.withDescription(
    "Fetches finished jobs again, and stores and names those whose result changed. Also restores what is missing or " +
      "modified in the sinks, as export --repair does. Costs as much as the first export. With --sizes it stores unchanged " +
      "jobs again, so that the sinks get the sizes"
  ),
  Command.withShortDescription("See which finished jobs were reworked"),
  Command.withExamples([
    { command: `labelstream refresh ${here.project} ${here.batch} --to files:output`, description: "All jobs" },
    {
      command: `labelstream refresh ${here.project} ${here.batch} --to files:output --checked-before 2026-11-23T08:00Z`,
      description: "Those not looked at since; the same line goes on after it was cut off"
    }
  ])
)

const convert = Command.make(
  "convert",
  {
    from: Flag.String("from").pipe(
      Flag.withMetavar("KIND:TARGET"),
      Flag.withDescription("sink that holds the jobs")
    ),
    to: flags.targets.to,
    set: flags.targets.set,
    batches: flags.convertBatches,
    sizes: flags.sizes,
    ledger: flags.ledger,
    config: flags.config,
    json: flags.json
  },
  handle(() => import("./commands/convert.ts"))
).pipe(
  Command.withDescription(
    "Delivers what one sink holds to other sinks, without API key, and without network unless --sizes fetch asks for it.\n\n" +
      "  Run it again to resume it, or to deliver what the source has gained. It ends with 0 when nothing is missing, 2\n" +
      "  when the source does not give some jobs back, 1 when it could not run, 130 when it was stopped."
  ),
  Command.withShortDescription("Deliver from one sink to others, offline"),
  Command.withExamples([
    { command: "labelstream convert --from files:output --to sqlite:labels.db", description: "Files into a database" },
    {
      command: `labelstream convert --from sqlite:labels.db --to parquet:dataset ${here.batch}`,
      description: "One batch of it"
    }
  ])
)

const plan = Command.make(
  "plan",
  {
    ...flags.connection,
    ...flags.targets,
    ...flags.work,
    refresh: Flag.Boolean("refresh").pipe(
      Flag.withDescription("plan a refresh"),
      Flag.withDefault(false)
    ),
    sample: Flag.Int("sample").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("jobs fetched to see what one costs (default: 10)"),
      Flag.withDefault(10)
    ),
    json: flags.json
  },
  handle(() => import("./commands/plan.ts"))
).pipe(
  Command.withDescription(
    "Says what an export would do: jobs, requests, bytes, time and disk. Lists the batches and fetches a few jobs to " +
      "measure them; writes nothing"
  ),
  Command.withShortDescription("Say what an export would do"),
  Command.withExamples([{
    command: `labelstream plan ${here.project} ${here.batch} --to files:output`,
    description: "Before the first export"
  }])
)

const status = Command.make(
  "status",
  {
    batches: flags.targets.batches,
    ledger: flags.ledger,
    cluster: flags.cluster,
    config: flags.config,
    json: flags.json
  },
  handle(() => import("./commands/status.ts"))
).pipe(
  Command.withDescription("Shows what is known of every batch, without the network, while an export runs or not"),
  Command.withShortDescription("Show what is stored, unfinished and failed"),
  Command.withExamples([
    { command: "labelstream status", description: "All batches of this folder's ledger" },
    {
      command: "labelstream status --cluster sqlite:cluster.db",
      description: "The exports of a cluster, and its runners"
    }
  ])
)

const runner = Command.make(
  "runner",
  {
    baseUrl: flags.connection.baseUrl,
    allowHttp: flags.connection.allowHttp,
    config: flags.config,
    cluster: flags.cluster,
    concurrency: flags.work.concurrency,
    requestsPerSecond: flags.work.requestsPerSecond,
    ...flags.runner,
    ...flags.telemetry
  },
  handle(() => import("./commands/runner.ts"))
).pipe(
  Command.withDescription(
    "Does the exports that are handed in to a cluster, together with other runners on the same database. It runs until it " +
      "is stopped; others then go on with its work.\n\n" +
      "  Whoever reaches its address can make it work: keep it on a private network. All runners must see the sinks' files\n" +
      "  under the same paths."
  ),
  Command.withShortDescription("Work for a cluster of several processes or machines"),
  Command.withExamples([
    { command: "labelstream runner --cluster sqlite:cluster.db", description: "One of several on this machine" },
    {
      command: "labelstream runner --address 10.0.0.7:34431 --health 0.0.0.0:8080",
      description: "On a machine of its own; the database is in LABELSTREAM_CLUSTER"
    }
  ])
)

const stop = Command.make(
  "stop",
  { cluster: flags.cluster, config: flags.config, id: Argument.String("export") },
  handle(() => import("./commands/stop.ts"))
).pipe(
  Command.withDescription(
    "Stops an export of a cluster: jobs in flight are finished, and what is stored is kept. labelstream export with the " +
      "same flags goes on from there"
  ),
  Command.withShortDescription("Stop an export of a cluster"),
  Command.withExamples([{
    command: "labelstream stop --cluster sqlite:cluster.db 3f1c9a7d2b604e58-1",
    description: "labelstream status shows the ids"
  }])
)

const verify = Command.make(
  "verify",
  {
    to: flags.targets.to,
    ledger: flags.ledger,
    config: flags.config,
    quick: Flag.Boolean("quick").pipe(
      Flag.withDescription("believe the sinks' own books instead of reading and hashing every byte"),
      Flag.withDefault(false)
    ),
    json: flags.json
  },
  handle(() => import("./commands/verify.ts"))
).pipe(
  Command.withDescription(
    "Reads back everything that is stored and names what is missing, modified, or extra, without the network.\n\n" +
      "  It ends with 0 when all is intact, 3 when something is missing or modified, and names the command that restores\n" +
      "  it, 4 when something is only extra, and 1 when nothing is stored there."
  ),
  Command.withShortDescription("Read back what is stored"),
  Command.withExamples([
    { command: "labelstream verify", description: "All sinks that the ledger knows" },
    { command: "labelstream verify --to files:output", description: "One of them" }
  ])
)

const batches = Command.make(
  "batches",
  { ...flags.connection, json: flags.json },
  handle(() => import("./commands/batches.ts"))
).pipe(
  Command.withDescription("Lists the batches of a project with their counts, as the platform has them"),
  Command.withShortDescription("List the batches of a project"),
  Command.withExamples([{ command: `labelstream batches ${here.project}`, description: "Ids to export" }])
)

const sinks = Command.make("sinks", { json: flags.json }, handle(() => import("./commands/sinks.ts"))).pipe(
  Command.withDescription("Lists the sinks that can be used here, with their options"),
  Command.withShortDescription("List sinks and their options"),
  Command.withExamples([{ command: "labelstream sinks", description: "Also those installed in this folder" }])
)

const check = Command.make(
  "check",
  { ...flags.connection, ...flags.targets, json: flags.json },
  handle(() => import("./commands/check.ts"))
).pipe(
  Command.withDescription("Checks settings, key, project, batches, sinks, disk and ledger; changes nothing"),
  Command.withShortDescription("Check key, project, sinks and disk"),
  Command.withExamples([{
    command: `labelstream check ${here.project} ${here.batch} --to files:output`,
    description: "Before a line goes into cron"
  }])
)

const report = Command.make(
  "report",
  {
    batches: flags.targets.batches,
    to: flags.targets.to,
    ledger: flags.ledger,
    config: flags.config,
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("file to write (default: labelstream-report.html)"),
      Flag.withDefault("labelstream-report.html")
    ),
    title: Flag.String("title").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("heading of the page"),
      Flag.optional
    ),
    gallery: Flag.Int("gallery").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("jobs whose annotations are drawn, 0 to 60 (default: 12)"),
      Flag.withDefault(12)
    )
  },
  handle(() => import("./commands/report.ts"))
).pipe(
  Command.withDescription(
    "Writes one HTML page about what was exported: totals, labels, failures, runs, and drawings of some jobs. Reads what " +
      "is stored, without the network"
  ),
  Command.withShortDescription("Write an HTML page about what was exported"),
  Command.withExamples([{
    command: "labelstream report --out report.html",
    description: "All that this folder's ledger knows"
  }])
)

const init = Command.make(
  "init",
  {
    ts: Flag.Boolean("ts").pipe(
      Flag.withDescription("write labelstream.config.ts, typed, in place of labelstream.json"),
      Flag.withDefault(false)
    ),
    force: Flag.Boolean("force").pipe(
      Flag.withDescription("write over a file that is there"),
      Flag.withDefault(false)
    )
  },
  handle(() => import("./commands/init.ts"))
).pipe(
  Command.withDescription("Writes a file with settings, each with what it does, into this folder"),
  Command.withShortDescription("Write a commented file with settings"),
  Command.withExamples([{ command: "labelstream init", description: "labelstream.json, which may hold comments" }])
)

/** Every command but the simulator, whose flags are its own. */
export const commands = [
  exportCommand,
  plan,
  status,
  retry,
  refresh,
  convert,
  verify,
  batches,
  sinks,
  check,
  report,
  runner,
  stop,
  init
] as const

/** The commands that show jobs, batches, sinks, and settings, and their flags. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handle } from "../handle.ts"
import * as flags from "../settings/flags.ts"

const status = Command.make(
  "status",
  {
    batches: flags.targets.batches,
    ledger: flags.ledger,
    cluster: flags.cluster,
    config: flags.config,
    json: flags.json
  },
  handle(() => import("../commands/status.ts"))
).pipe(
  Command.withDescription(
    "Shows what is stored, unfinished, and failed in every batch, also while an export runs. Works offline."
  ),
  Command.withShortDescription("Show what is stored, unfinished, and failed"),
  Command.withExamples([
    { command: "labelstream status", description: "All batches of this folder's ledger" },
    {
      command: "labelstream status --cluster sqlite:cluster.db",
      description: "The exports and runners of a cluster"
    }
  ])
)

const verify = Command.make(
  "verify",
  {
    to: flags.targets.to,
    ledger: flags.ledger,
    cluster: flags.cluster,
    config: flags.config,
    quick: flags.on("quick", "Trust the sinks' records instead of reading and hashing every byte"),
    json: flags.json
  },
  handle(() => import("../commands/verify.ts"))
).pipe(
  Command.withDescription(
    "Reads back everything that is stored, and names what is missing, modified, or extra. Works offline.\n\n" +
      "The exit status is 0 if all is intact, 3 if something is missing or modified (the last line is the command that " +
      "restores it) or not published, 4 if something is extra, and 1 if nothing is stored there."
  ),
  Command.withShortDescription("Check every stored byte, offline"),
  Command.withExamples([
    { command: "labelstream verify", description: "All sinks in the ledger" },
    { command: "labelstream verify --to files:output", description: "One of them" },
    { command: "labelstream verify --cluster sqlite:cluster.db", description: "What a cluster has stored" }
  ])
)

const batches = Command.make(
  "batches",
  { ...flags.connection, project: flags.projectOf(""), json: flags.json },
  handle(() => import("../commands/batches.ts"))
).pipe(
  Command.withDescription("Lists the batches of a project with the counts that GT Studio reports."),
  Command.withShortDescription("List the batches of a project"),
  Command.withExamples([{ command: "labelstream batches --project P", description: "Batch ids to export" }])
)

const sinks = Command.make(
  "sinks",
  {
    sink: Argument.String("sink").pipe(
      Argument.withDescription("Show the options of this sink, and which annotations it keeps"),
      Argument.optional
    ),
    json: flags.json
  },
  handle(() => import("../commands/sinks.ts"))
).pipe(
  Command.withDescription("Lists the sinks that you can use here, or the options of one sink."),
  Command.withShortDescription("List sinks, or the options of one"),
  Command.withExamples([
    { command: "labelstream sinks", description: "Also those installed in this folder" },
    { command: "labelstream sinks coco", description: "The options of one sink" }
  ])
)

const check = Command.make(
  "check",
  { ...flags.connection, ...flags.targets, json: flags.json },
  handle(() => import("../commands/check.ts"))
).pipe(
  Command.withDescription("Checks settings, key, project, batches, sinks, disk, and ledger. Changes nothing."),
  Command.withShortDescription("Check key, project, sinks, and disk"),
  Command.withExamples([{
    command: "labelstream check --project P --batch B --to files:output",
    description: "Before you schedule an export"
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
      Flag.withDescription("File to write (default: labelstream-report.html)"),
      Flag.withDefault("labelstream-report.html")
    ),
    title: Flag.String("title").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("Heading of the page"),
      Flag.optional
    ),
    gallery: Flag.Int("gallery").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Draw the annotations of N jobs, 0 to 60 (default: 12)"),
      Flag.withDefault(12)
    )
  },
  handle(() => import("../commands/report.ts"))
).pipe(
  Command.withDescription(
    "Writes one HTML page about what was exported: totals, labels, failures, runs, and drawings of some jobs. Works " +
      "offline."
  ),
  Command.withShortDescription("Write an HTML page about what was exported"),
  Command.withExamples([{
    command: "labelstream report --out report.html",
    description: "Everything in this folder's ledger"
  }])
)

const init = Command.make(
  "init",
  {
    ts: flags.on("ts", "Write labelstream.config.ts, with types, instead of labelstream.json"),
    force: flags.on("force", "Overwrite an existing file")
  },
  handle(() => import("../commands/init.ts"))
).pipe(
  Command.withDescription("Writes a settings file into this folder, with a comment for each setting."),
  Command.withShortDescription("Write a commented settings file"),
  Command.withExamples([{ command: "labelstream init", description: "labelstream.json, which may hold comments" }])
)

const mcp = Command.make(
  "mcp",
  {
    ...flags.connection,
    ...flags.targets,
    concurrency: flags.work.concurrency,
    requestsPerSecond: flags.work.requestsPerSecond,
    allowExport: flags.on("allow-export", "Offer the export tool, which writes to the sinks of --to")
  },
  handle(() => import("../commands/mcp.ts"))
).pipe(
  Command.withDescription(
    "Serves the Model Context Protocol on stdin and stdout, so that an assistant can answer questions about exports. The " +
      "tools are status, failures, batches, query (read-only SQL on a SQLite sink), and picture. They change nothing. " +
      "With --allow-export, the tool export returns a plan, and exports once it is called again with confirm."
  ),
  Command.withShortDescription("Serve tools for assistants (MCP)"),
  Command.withExamples([
    { command: "labelstream mcp", description: "What a client starts; it reads this folder's ledger" },
    {
      command: "labelstream mcp --project P --batch B --to sqlite:labels.db --allow-export",
      description: "With the export tool, which writes to this sink only"
    }
  ])
)

export const reading = { mcp, status, verify, batches, sinks, check, report, init }

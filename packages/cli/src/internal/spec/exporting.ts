/** The commands that store jobs, and their flags. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { handle } from "../handle.ts"
import * as flags from "../settings/flags.ts"

/** A project and a batch in an example. */
const here = "--project P --batch B"

const exportCommand = Command.make(
  "export",
  {
    ...flags.connection,
    ...flags.targets,
    ...flags.work,
    ...flags.following,
    ...flags.telemetry,
    cluster: flags.cluster,
    refresh: flags.on("refresh", "Fetch finished jobs again too, and store those that changed"),
    repair: flags.on("repair", "Read back what is stored, and restore what is missing or modified"),
    json: flags.json
  },
  handle(() => import("../commands/export.ts"))
).pipe(
  Command.withDescription(
    "Exports finished jobs into sinks: new ones, changed ones, and failed ones that may succeed now.\n\n" +
      "Run it again to fetch what is new, or to resume after a crash. The exit status is 0 if nothing is missing, 2 if " +
      "jobs failed, a batch could not be listed, or no job matches the filter, 1 if it could not run, and 130 if it " +
      "was stopped."
  ),
  Command.withShortDescription("Export finished jobs into sinks"),
  Command.withExamples([
    { command: `labelstream export ${here} --to files:output`, description: "One batch as files" },
    {
      command: "labelstream export --project P --all-batches --to sqlite:labels.db --to parquet:dataset",
      description: "Every batch into two sinks, fetched once"
    },
    { command: `labelstream export ${here} --to files:output --limit 10`, description: "Ten jobs, to look at them" },
    {
      command: `labelstream export ${here} --to files:output --repair`,
      description: "After labelstream verify found missing or modified files"
    }
  ])
)

const plan = Command.make(
  "plan",
  {
    ...flags.connection,
    ...flags.targets,
    ...flags.work,
    refresh: flags.on("refresh", "Plan a refresh"),
    sample: Flag.Int("sample").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Fetch N jobs to measure their cost (default: 10)"),
      Flag.withDefault(10)
    ),
    json: flags.json
  },
  handle(() => import("../commands/plan.ts"))
).pipe(
  Command.withDescription(
    "Estimates an export: jobs, requests, bytes, time, and disk space. Lists the batches and fetches a few jobs to " +
      "measure them. Writes nothing."
  ),
  Command.withShortDescription("Estimate an export; write nothing"),
  Command.withExamples([{
    command: `labelstream plan ${here} --to files:output`,
    description: "Before the first export"
  }])
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
  handle(() => import("../commands/retry.ts"))
).pipe(
  Command.withDescription("Fetches every failed job again, whatever its error, without listing the batches."),
  Command.withShortDescription("Fetch failed jobs again"),
  Command.withExamples([{
    command: `labelstream retry ${here} --to files:output`,
    description: "After labelstream export with the same flags ended with 2"
  }])
)

const refresh = Command.make(
  "refresh",
  { ...flags.connection, ...flags.targets, ...flags.work, ...flags.again, ...flags.telemetry, json: flags.json },
  handle(() => import("../commands/refresh.ts"))
).pipe(
  Command.withDescription(
    "Fetches finished jobs again, and stores and names those that changed. Like export --repair, it restores what is " +
      "missing or modified in the sinks. It costs as much as the first export. With --sizes, it also stores unchanged " +
      "jobs, so that the sinks get the sizes."
  ),
  Command.withShortDescription("Fetch finished jobs again; store those that changed"),
  Command.withExamples([
    { command: `labelstream refresh ${here} --to files:output`, description: "All jobs" },
    {
      command: `labelstream refresh ${here} --to files:output --checked-before 2026-11-23T08:00Z`,
      description: "Only jobs not checked since then; after an interruption, it resumes"
    }
  ])
)

const convert = Command.make(
  "convert",
  {
    from: Flag.String("from").pipe(
      Flag.withMetavar("KIND:TARGET"),
      Flag.withDescription("Sink that holds the jobs, such as files:output or postgres")
    ),
    to: flags.targets.to,
    set: flags.targets.set,
    batches: flags.convertBatches,
    sizes: flags.sizes,
    ledger: flags.ledger,
    config: flags.config,
    json: flags.json
  },
  handle(() => import("../commands/convert.ts"))
).pipe(
  Command.withDescription(
    "Copies jobs from one sink to others. It needs no API key, and no network except with --sizes fetch.\n\n" +
      "Run it again to resume, or to copy what the source has gained. The exit status is 0 if nothing is missing, 2 if " +
      "the source cannot return some jobs, 1 if it could not run, and 130 if it was stopped."
  ),
  Command.withShortDescription("Copy jobs from one sink to others, offline"),
  Command.withExamples([
    { command: "labelstream convert --from files:output --to sqlite:labels.db", description: "Files into a database" },
    {
      command: "labelstream convert --from sqlite:labels.db --to parquet:dataset --batch B",
      description: "One batch of a database"
    }
  ])
)

export const exporting = { exportCommand, plan, retry, refresh, convert }

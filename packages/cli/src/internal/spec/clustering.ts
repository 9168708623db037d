/** The commands for a cluster, and their flags. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { handle } from "../handle.ts"
import * as flags from "../settings/flags.ts"

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
  handle(() => import("../commands/runner.ts"))
).pipe(
  Command.withDescription(
    "Runs exports that are submitted to a cluster, together with the other runners on the same database, until you " +
      "stop it. Other runners then continue its work.\n\n" +
      "Anyone who can reach its address can send it work: keep it on a private network. All runners must see the files " +
      "of the sinks under the same paths."
  ),
  Command.withShortDescription("Run exports of a cluster of processes or machines"),
  Command.withExamples([
    { command: "labelstream runner --cluster sqlite:cluster.db", description: "One of several on this machine" },
    {
      command: "labelstream runner --address 10.0.0.7:34431 --health 0.0.0.0:8080",
      description: "On its own machine; LABELSTREAM_CLUSTER names the database"
    }
  ])
)

const stop = Command.make(
  "stop",
  {
    cluster: flags.cluster,
    config: flags.config,
    id: Argument.String("export").pipe(Argument.withDescription("Id of the export, as labelstream status shows it"))
  },
  handle(() => import("../commands/stop.ts"))
).pipe(
  Command.withDescription(
    "Stops an export of a cluster. Its runners finish the jobs in flight, and stored jobs are kept. To resume it, run " +
      "labelstream export with the same flags."
  ),
  Command.withShortDescription("Stop an export of a cluster"),
  Command.withExamples([{
    command: "labelstream stop --cluster sqlite:cluster.db 3f1c9a7d2b604e58-1",
    description: "labelstream status shows the ids"
  }])
)

export const clustering = { runner, stop }

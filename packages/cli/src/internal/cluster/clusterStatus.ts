/** The exports of a cluster, and its runners. */
import { ClusterExport } from "@labelstream/cluster"
import { onOneLine, plain } from "@labelstream/core/PlainText"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Effect from "effect/Effect"
import type * as JsonOutput from "../../JsonOutput.ts"
import { type Outcome, SettingsError } from "../failure.ts"
import { table } from "../output/columns.ts"
import { doneOf, sum } from "../output/meter.ts"
import { reportObject } from "../output/reportObject.ts"
import * as Screen from "../output/screen.ts"
import { count } from "../output/text.ts"
import type { Settings } from "../settings/settings.ts"
import { client, clusterOf } from "./clusterClient.ts"
import { addressOf, waitsFor } from "./clusterWait.ts"

/** Exports that are shown, the latest first. */
const most = 10

const rowOf = ({ id, report, state }: ClusterExport.Status) => [
  id,
  state,
  ...[
    sum(report, ({ listed }) => listed),
    sum(report, doneOf),
    sum(report, ({ failed }) => failed),
    report.seconds
  ].map(count)
]

/** Shows the exports and runners of the cluster. Uses no network except for its database. */
export const show = Effect.fnUntraced(function*(settings: Settings, json: boolean): Outcome {
  const url = yield* clusterOf(settings)
  const { exports, runners } = yield* Effect.gen(function*() {
    const storage = yield* RunnerStorage.RunnerStorage
    return { exports: yield* ClusterExport.list(most), runners: yield* storage.getRunners }
  }).pipe(
    Effect.provide(client(url)),
    Effect.catchTag("PersistenceError", ({ message }) => new SettingsError({ message }))
  )
  const workers = runners.map(([runner, healthy]) => ({ address: addressOf(runner), healthy }))
  if (json) {
    const of = exports.map((status) => {
      const { error, id, report, state } = status
      return { id, state, error, waits_for: waitsFor(status, runners) ?? null, ...reportObject(report, []) }
    })
    const object: typeof JsonOutput.ClusterStatus.Type = { exports: of, runners: workers }
    Screen.say("stdout", JSON.stringify(object))
    return 0
  }
  const lines = [
    ...(exports.length === 0
      ? ["No exports yet."]
      : table([["EXPORT", "STATE", "JOBS", "DONE", "FAILED", "SECONDS"], ...exports.map(rowOf)])),
    ...exports.flatMap(({ error, id }) => error === null ? [] : [`${id} was aborted: ${onOneLine(error)}`]),
    ...exports.flatMap((status) => {
      const reason = waitsFor(status, runners)
      return reason === undefined ? [] : [`${status.id} is ${reason}`]
    }),
    workers.length === 0
      ? "No runners. To start one, run: labelstream runner with the same --cluster"
      : `Runners: ${
        workers.map(({ address, healthy }) => healthy ? address : `${address} (not responding)`).join(", ")
      }`
  ]
  Screen.say("stdout", plain(lines.join("\n")))
  return 0
})

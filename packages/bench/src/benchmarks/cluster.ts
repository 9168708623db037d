/** Exports by runners of a cluster against the plain export, and how long the work of a killed runner waits. */
import { contest, type Setting } from "../harness/contest.ts"
import { over, ratio } from "../harness/statistics.ts"
import { number, type Result, withSpread } from "../harness/table.ts"
import { readBatch, type Reader } from "./cases.ts"

const latency = 20
const plain = "plain export"

const clustered = (runners: number): Reader => ({
  name: runners === 1 ? "1 runner" : `${runners} runners`,
  client: "clusterClient",
  spec: (folder, address) => ({ address, folder, runners })
})

export const cluster = async (setting: Setting): Promise<Result> => {
  const jobs = setting.quick ? 2000 : 6000
  const title = `${jobs.toLocaleString("en")} jobs, ${latency} ms, to files`
  const found = await readBatch(setting, { batches: [{ jobs }], latency }, `cluster, ${title}`, [
    { name: plain, client: "export", spec: (folder, address) => ({ address, folder, sinks: ["files"] }) },
    ...[1, 2, 4].map(clustered)
  ])
  const own = found[plain]!
  const cpu = (sample: (typeof own)[number]) => sample.cpu + (sample.counts["runnersCpu"] ?? 0)
  const rows = Object.entries(found).map(([name, samples]) => [
    name,
    withSpread(over(samples, ({ seconds }) => jobs / seconds)),
    samples === own ? "1" : withSpread(ratio(samples, own, ({ seconds }) => seconds)),
    withSpread(over(samples, (sample) => 1000 * cpu(sample) / jobs)),
    samples === own ? "1" : withSpread(ratio(samples, own, cpu)),
    `${Math.round(100 * over(samples, ({ seconds, server }) => (server?.cpu ?? 0) / seconds).median)} %`
  ])
  const killed = "2 runners, one killed"
  const takeovers = await contest(setting, "cluster, takeover", [
    { name: killed, client: "takeover", spec: (folder) => ({ folder, jobs: 2000, latency, runners: 2 }) }
  ])
  const takeover = over(takeovers[killed]!, ({ counts }) => counts["takeover"]!)
  return {
    tables: [
      {
        title: `On a cluster: ${title}`,
        columns: ["client", "jobs/s", "wall, ratio", "CPU ms a job", "CPU, ratio", "server's CPU"],
        rows,
        notes: [
          "CPU of a cluster is that of all its processes. Runners have joined before the time is taken."
        ]
      },
      {
        title: "On a cluster: a runner killed",
        columns: ["cluster", "seconds until another asks for its jobs"],
        rows: [[killed, withSpread(takeover)]],
        notes: [`From SIGKILL to the first job of its slices that is asked for again; ${number(latency)} ms latency.`]
      }
    ],
    verdicts: [],
    samples: { [title]: found, takeover: takeovers }
  }
}

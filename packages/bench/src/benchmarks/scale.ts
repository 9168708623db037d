/** Time and memory against the number of jobs. */
import { join } from "node:path"
import type { Samples, Setting } from "../harness/contest.ts"
import { over, spread } from "../harness/statistics.ts"
import { number, type Result, type Verdict, verdict, withSpread } from "../harness/table.ts"
import { bundleCommand } from "../support/bundle.ts"
import { readBatch, type Reader } from "./cases.ts"

const kinds = [
  { client: "command", sinks: ["files"], limit: 250 },
  { client: "command", sinks: ["files", "sqlite", "parquet"], limit: 300 },
  { client: "export", sinks: ["files"], limit: 250 },
  { client: "export", sinks: ["files", "sqlite", "parquet"], limit: 300 }
] as const

/** Where each sink writes, as the command is told. */
const targets = { files: "files", sqlite: "jobs.sqlite", parquet: "dataset" }

const reader = (name: string, { client, sinks }: typeof kinds[number]): Reader => ({
  name,
  client,
  spec: (folder, address) => {
    if (client === "export") return { address, folder, sinks }
    const to = sinks.flatMap((sink) => ["--to", `${sink}:${join(folder, targets[sink])}`])
    return { address, folder, args: ["export", ...to] }
  }
})

const latency = 5

export const scale = async (setting: Setting): Promise<Result> => {
  const counts = setting.quick ? [1000, 4000] : [1000, 10_000, 100_000]
  const rows: Array<ReadonlyArray<string>> = []
  const verdicts: Array<Verdict> = []
  const samples: Record<string, Samples> = {}
  bundleCommand()
  for (const kind of setting.quick ? kinds.slice(0, 1) : kinds) {
    const title = `${kind.client === "command" ? "labelstream" : "library"}, ${kind.sinks.join(" and ")}`
    const found: Array<Samples[string]> = []
    for (const jobs of counts) {
      const name = `${title}, ${jobs.toLocaleString("en")} jobs`
      const options = { latency, batches: [{ jobs }] }
      const result = samples[name] = await readBatch(setting, options, `scale, ${name}`, [reader(title, kind)])
      const own = result[title]!
      found.push(own)
      rows.push([
        title,
        jobs.toLocaleString("en"),
        withSpread(over(own, ({ seconds }) => 1000 * seconds / jobs)),
        withSpread(over(own, ({ cpu }) => 1000 * cpu / jobs)),
        withSpread(over(own, ({ rss }) => rss))
      ])
    }
    const [few, some, most] = [found[0]!, found.at(-2)!, found.at(-1)!]
    const growth = over(most, ({ rss }) => rss / over(some, (sample) => sample.rss).median)
    const time = spread(most.map(({ seconds }, round) => seconds / counts.at(-1)! / (few[round]!.seconds / counts[0]!)))
    const last = counts.at(-1)!.toLocaleString("en")
    verdicts.push(
      verdict(`${title}, time a job at ${last} jobs to ${counts[0]!.toLocaleString("en")}`, time, "at most", 1.1),
      verdict(
        `${title}, peak memory at ${last} jobs to ${counts.at(-2)!.toLocaleString("en")}`,
        growth,
        "at most",
        1.2
      ),
      verdict(`${title}, peak memory at ${last} jobs`, over(most, ({ rss }) => rss), "at most", kind.limit, " MB")
    )
  }
  const columns = ["sinks", "jobs", "ms a job", "CPU ms a job", "peak MB"]
  const notes = [
    `Natural documents of 0.3 to 6 KB, ${number(latency)} ms latency.`,
    "The command keeps V8's heap small, by NodeHeap.layerSmall. The library leaves it to V8."
  ]
  return { tables: [{ title: "Time and memory against the number of jobs", columns, rows, notes }], verdicts, samples }
}

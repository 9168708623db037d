/** Time and memory against the number of jobs. */
import type { Samples, Setting } from "../harness/contest.ts"
import { over, ratio, type Spread } from "../harness/statistics.ts"
import { number, type Result, type Verdict, verdict, withSpread } from "../harness/table.ts"
import { readBatch } from "./cases.ts"

const tight = ["--max-semi-space-size=8"]

const kinds = [
  { title: "files", sinks: ["files"], flags: [], limit: 250 },
  { title: `files, ${tight[0]}`, sinks: ["files"], flags: tight, limit: 250 },
  { title: "all three sinks", sinks: ["files", "sqlite", "parquet"], flags: [], limit: 300 },
  { title: `all three sinks, ${tight[0]}`, sinks: ["files", "sqlite", "parquet"], flags: tight, limit: 300 }
]

const latency = 5

export const scale = async (setting: Setting): Promise<Result> => {
  const counts = setting.quick ? [1000, 4000] : [1000, 10_000, 100_000]
  const rows: Array<ReadonlyArray<string>> = []
  const verdicts: Array<Verdict> = []
  const samples: Record<string, Samples> = {}
  for (const { flags, limit, sinks, title } of setting.quick ? kinds.slice(0, 1) : kinds) {
    const found: Array<Samples[string]> = []
    for (const jobs of counts) {
      const name = `${title}, ${jobs.toLocaleString("en")} jobs`
      const options = { latency, batches: [{ jobs }] }
      const result = samples[name] = await readBatch(setting, options, `scale, ${name}`, [
        { name: title, client: "export", flags, spec: (folder, address) => ({ address, folder, sinks }) }
      ])
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
    const time = ratio(most, few, ({ counts, seconds }) => seconds / counts["jobs"]!)
    const last = counts.at(-1)!.toLocaleString("en")
    verdicts.push(
      verdict(`${title}, time a job at ${last} jobs to ${counts[0]!.toLocaleString("en")}`, time, "at most", 1.1),
      verdict(
        `${title}, peak memory at ${last} jobs to ${counts.at(-2)!.toLocaleString("en")}`,
        growth,
        "at most",
        1.2
      ),
      verdict(`${title}, peak memory at ${last} jobs`, peak(most), "at most", limit, " MB")
    )
  }
  const columns = ["sinks", "jobs", "ms a job", "CPU ms a job", "peak MB"]
  const notes = [
    `Natural documents of 0.3 to 6 KB, ${number(latency)} ms latency.`,
    `${tight[0]} is an option of Node.js: V8 collects new objects more often, and takes less memory for it.`
  ]
  return { tables: [{ title: "Time and memory against the number of jobs", columns, rows, notes }], verdicts, samples }
}

const peak = (samples: Samples[string]): Spread => over(samples, ({ rss }) => rss)

/** The streams without a sink against a loop of `Pool.request`. */
import type { Setting } from "../harness/contest.ts"
import { ratio } from "../harness/statistics.ts"
import { type Result, type Verdict, verdict } from "../harness/table.ts"
import { type Case, readBatch, type Reader, readingColumns, readingRows, serving } from "./cases.ts"

const documents = "documents received"
const whole = "jobs read whole"
const hand = "Pool.request loop"

const contestants: ReadonlyArray<Reader> = [
  { name: documents, client: "streamsClient", spec: (folder, address) => ({ address, folder, fetch: "document" }) },
  { name: whole, client: "streamsClient", spec: (folder, address) => ({ address, folder, fetch: "job" }) },
  { name: hand, client: "handRequests", spec: (_, address) => ({ address }) }
]

export const streams = async (setting: Setting): Promise<Result> => {
  const rows: Array<ReadonlyArray<string>> = []
  const verdicts: Array<Verdict> = []
  const samples: Record<string, Result["samples"][string]> = {}
  const jobs = setting.quick ? 2000 : 10_000
  for (const latency of setting.quick ? [5] : [0, 5, 20]) {
    const batch: Case = {
      title: `${jobs.toLocaleString("en")} jobs of 4 KB, ${latency} ms`,
      jobs,
      bytes: 4096,
      latency
    }
    const found = samples[batch.title] = await readBatch(
      setting,
      serving(batch),
      `streams, ${batch.title}`,
      contestants
    )
    rows.push(...readingRows(batch.title, found))
    for (const name of [documents, whole]) {
      const cpu = ratio(found[name]!, found[hand]!, (sample) => sample.cpu)
      verdicts.push(verdict(`streams, CPU: ${name}, ${batch.title}`, cpu, "at most", 1.4))
    }
  }
  const notes = [
    `"${documents}" is what the loop does too, with pacing, retries, checks and hashes; "${whole}" parses each document ` +
    "and looks for the files that it names."
  ]
  return { tables: [{ title: "Streams alone", columns: readingColumns, rows, notes }], verdicts, samples }
}

/** The export to files, with everything that it does by default, against a loop that only fetches and writes. */
import type { Setting } from "../harness/contest.ts"
import type { Address } from "../harness/server.ts"
import { ratio } from "../harness/statistics.ts"
import { type Result, type Verdict, verdict } from "../harness/table.ts"
import { type Case, readBatch, type Reader, readingColumns, readingRows, serving } from "./cases.ts"

const ours = "export to files"
const hand = "undici loop"
const kept = "undici loop, keeping the same promises"

const small = 4096
const cases = (quick: boolean): ReadonlyArray<Case> => {
  const jobs = quick ? 2000 : 10_000
  const title = `${jobs.toLocaleString("en")} jobs of 4 KB`
  const at = (latency: number): Case => ({ title: `${title}, ${latency} ms`, jobs, bytes: small, latency })
  return quick ? [at(20)] : [
    at(0),
    at(5),
    at(20),
    { title: "200 jobs of 5 MB, 20 ms", jobs: 200, bytes: 5e6, latency: 20 },
    { title: "1 job of 300 MB, 20 ms", jobs: 1, bytes: 300e6, latency: 20 }
  ]
}

export const files = async (setting: Setting): Promise<Result> => {
  const rows: Array<ReadonlyArray<string>> = []
  const verdicts: Array<Verdict> = []
  const samples: Record<string, Result["samples"][string]> = {}
  for (const batch of cases(setting.quick)) {
    const contestants: ReadonlyArray<Reader> = [
      { name: ours, client: "export", spec: (folder, address) => ({ address, folder, sinks: ["files"] }) },
      ...batch.bytes === small
        ? [{ name: kept, client: "handKept", spec: (folder: string, address: Address) => ({ address, folder }) }]
        : [],
      { name: hand, client: "handFiles", spec: (folder, address) => ({ address, folder, bytes: batch.bytes }) }
    ]
    const found = samples[batch.title] = await readBatch(setting, serving(batch), `files, ${batch.title}`, contestants)
    rows.push(...readingRows(batch.title, found))
    if (batch.bytes !== small) continue
    verdicts.push(
      verdict(`files, CPU: ${batch.title}`, ratio(found[ours]!, found[hand]!, ({ cpu }) => cpu), "at most", 1.5)
    )
    if (batch.latency !== 20) continue
    const wall = ratio(found[ours]!, found[hand]!, ({ seconds }) => seconds)
    verdicts.push(verdict(`files, wall: ${batch.title}`, wall, "at most", 1.2))
  }
  const notes = [
    "The loops have 64 jobs in flight, one request each. The export has 96, and of their requests 64 to each host.",
    "The promises: each file hashed, and synced before it gets its name; a manifest and a ledger, durable every 128 jobs."
  ]
  return { tables: [{ title: "Export to files", columns: readingColumns, rows, notes }], verdicts, samples }
}

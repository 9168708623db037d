/** How long an export of one job takes from starting the process to its end, against Node.js itself. */
import type { Setting } from "../harness/contest.ts"
import { over, ratio } from "../harness/statistics.ts"
import { type Result, verdict, withSpread } from "../harness/table.ts"
import { readBatch } from "./cases.ts"

export const startUp = async (setting: Setting): Promise<Result> => {
  const title = "Start-up: an export of one job"
  const rounds = setting.quick ? 3 : 9
  const samples = await readBatch(setting, { batches: [{ jobs: 1 }] }, title, [
    { name: "export to files", client: "export", spec: (folder, address) => ({ address, folder, sinks: ["files"] }) },
    { name: "Node.js", client: "nothing", spec: () => ({}) }
  ], rounds)
  const [own, node] = Object.values(samples)
  const cpu = (of: typeof own) => withSpread(over(of!, ({ processCpu }) => processCpu))
  const seconds = over(own!, ({ process }) => process)
  return {
    tables: [{
      title,
      columns: ["process", "seconds from start to end", "ratio", "CPU seconds"],
      rows: [
        ["export to files", withSpread(seconds), withSpread(ratio(own!, node!, ({ process }) => process)), cpu(own)],
        ["Node.js", withSpread(over(node!, ({ process }) => process)), "1", cpu(node)]
      ],
      notes: ["Packages as published, with Node's compile cache, which an application turns on."]
    }],
    verdicts: [verdict("start-up, an export of one job", seconds, "at most", 0.5, " s")],
    samples: { [title]: samples }
  }
}

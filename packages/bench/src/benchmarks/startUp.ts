/** How long the command and an export of one job take from starting the process to its end, against Node.js itself. */
import type { Setting } from "../harness/contest.ts"
import { over, ratio } from "../harness/statistics.ts"
import { type Result, verdict, withSpread } from "../harness/table.ts"
import { bundleCommand } from "../support/bundle.ts"
import { readBatch, type Reader } from "./cases.ts"

const command = (name: string, args: ReadonlyArray<string>): Reader => ({
  name,
  client: "command",
  spec: (folder, address) => ({ args, folder, address })
})

export const startUp = async (setting: Setting): Promise<Result> => {
  const title = "Start-up"
  const rounds = setting.quick ? 3 : 9
  bundleCommand()
  const samples = await readBatch(setting, { batches: [{ jobs: 1 }] }, title, [
    command("labelstream --help", ["--help"]),
    command("labelstream export, one job to files", ["export"]),
    {
      name: "the same with the library",
      client: "export",
      spec: (folder, address) => ({ address, folder, sinks: ["files"] })
    },
    { name: "Node.js", client: "nothing", spec: () => ({}) }
  ], rounds)
  const [help, own] = Object.values(samples)
  const node = samples["Node.js"]!
  return {
    tables: [{
      title,
      columns: ["process", "seconds from start to end", "ratio", "CPU seconds", "ratio"],
      rows: Object.entries(samples).map(([name, of]) => [
        name,
        withSpread(over(of, ({ process }) => process)),
        of === node ? "1" : withSpread(ratio(of, node, ({ process }) => process)),
        withSpread(over(of, ({ processCpu }) => processCpu)),
        of === node ? "1" : withSpread(ratio(of, node, ({ processCpu }) => processCpu))
      ]),
      notes: ["Packages as published, with Node's compile cache, which the command turns on."]
    }],
    verdicts: [
      verdict("start-up, labelstream --help", over(help!, ({ process }) => process), "at most", 0.5, " s"),
      verdict("start-up, an export of one job", over(own!, ({ process }) => process), "at most", 0.5, " s")
    ],
    samples: { [title]: samples }
  }
}

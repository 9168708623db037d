/** The export to files against a script of one request at a time in Python. */
import { spawnSync } from "node:child_process"
import type { Setting } from "../harness/contest.ts"
import { over, spread } from "../harness/statistics.ts"
import { type Result, verdict, withSpread } from "../harness/table.ts"
import { readBatch } from "./cases.ts"

const latency = 20

export const script = async (setting: Setting): Promise<Result> => {
  const title = "A sequential Python script, 20 ms"
  const columns = ["client", "jobs", "jobs/s", "CPU ms a job", "times as fast"]
  if (spawnSync("python3", ["-c", "import requests"]).status !== 0) {
    const note = "Not measured: there is no python3 with requests here."
    return { tables: [{ title, columns, rows: [], notes: [note] }], verdicts: [], samples: {} }
  }
  // A script that takes one job after the other is as fast with few of them.
  const few = setting.quick ? 50 : 200
  const many = setting.quick ? 2000 : 10_000
  const options = { latency, documentBytes: 4096, keyAtStorage: "allow" } as const
  const python = await readBatch(setting, { ...options, batches: [{ jobs: few }] }, "script, Python", [
    { name: "Python", client: "sequential.py", spec: (folder, address) => ({ address, folder }) }
  ])
  const ours = await readBatch(setting, { ...options, batches: [{ jobs: many }] }, "script, export", [
    { name: "export to files", client: "export", spec: (folder, address) => ({ address, folder, sinks: ["files"] }) }
  ])
  const rate = (jobs: number) => ({ seconds }: { readonly seconds: number }) => jobs / seconds
  const times = spread(
    ours["export to files"]!.map((own, round) => rate(many)(own) / rate(few)(python["Python"]![round]!))
  )
  const row = (name: string, jobs: number, samples: Result["samples"][string][string], last: string) => [
    name,
    jobs.toLocaleString("en"),
    withSpread(over(samples, rate(jobs))),
    withSpread(over(samples, ({ cpu }) => 1000 * cpu / jobs)),
    last
  ]
  return {
    tables: [{
      title,
      columns,
      rows: [
        row("export to files", many, ours["export to files"]!, withSpread(times)),
        row("Python", few, python["Python"]!, "1")
      ],
      notes: ["Each asks for three things a job; the script has one request under way, on a connection of its own."]
    }],
    verdicts: [verdict("Python script, times as fast at 20 ms", times, "at least", 40)],
    samples: { "script, Python": python, "script, export": ours }
  }
}

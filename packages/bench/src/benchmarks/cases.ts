import type { Simulator } from "@labelstream/simulator"
import { contest, type Contestant, type Samples, type Setting } from "../harness/contest.ts"
import { type Address, startServer } from "../harness/server.ts"
import { over, ratio } from "../harness/statistics.ts"
import { number, withSpread } from "../harness/table.ts"

/** A batch as a server has it. */
export interface Case {
  readonly title: string
  readonly jobs: number
  /** About how long each result document is. */
  readonly bytes: number
  /** Milliseconds before each answer. */
  readonly latency: number
}

/** A contestant that reads from a server. */
export type Reader = Omit<Contestant, "spec"> & {
  readonly spec: (folder: string, address: Address) => object
}

/** Options of the server of a case. */
export const serving = ({ bytes, jobs, latency }: Case): Simulator.Options => ({
  batches: [{ jobs }],
  documentBytes: bytes,
  latency
})

/** Lets contestants read the same batch from the same server. */
export const readBatch = async (
  setting: Setting,
  options: Simulator.Options,
  title: string,
  contestants: ReadonlyArray<Reader>,
  rounds = setting.rounds
): Promise<Samples> => {
  await using server = await startServer(options)
  const placed = contestants.map(({ spec, ...contestant }): Contestant => ({
    ...contestant,
    spec: (folder) => spec(folder, server.address)
  }))
  // Awaited here: the server ends with this scope.
  return await contest(setting, title, placed, server, rounds)
}

/** From this share of one core on, the server is as busy as one thread can be. */
const bottleneck = 0.9

/** Columns of {@link readingRows}. */
export const readingColumns = [
  "batch",
  "client",
  "jobs/s",
  "wall, ratio",
  "CPU ms a job",
  "CPU, ratio",
  "peak MB",
  "server's CPU"
]

/** A row for each contestant; ratios are to the last one. */
export const readingRows = (title: string, samples: Samples): ReadonlyArray<ReadonlyArray<string>> => {
  const opponent = Object.values(samples).at(-1)!
  return Object.entries(samples).map(([name, own]) => {
    const jobs = own[0]!.counts["jobs"]!
    const busy = over(own, ({ seconds, server }) => (server?.cpu ?? 0) / seconds).median
    const isOpponent = own === opponent
    return [
      title,
      name,
      withSpread(over(own, ({ seconds }) => jobs / seconds)),
      isOpponent ? "1" : withSpread(ratio(own, opponent, ({ seconds }) => seconds)),
      withSpread(over(own, ({ cpu }) => 1000 * cpu / jobs)),
      isOpponent ? "1" : withSpread(ratio(own, opponent, ({ cpu }) => cpu)),
      number(over(own, ({ rss }) => rss).greatest),
      `${Math.round(100 * busy)} %${busy >= bottleneck ? ": the bottleneck" : ""}`
    ]
  })
}

/** A second run that finds nothing new, against listing the pages by hand. */
import { contest, runOnce, scratch, type Setting } from "../harness/contest.ts"
import { startServer } from "../harness/server.ts"
import { over, ratio, spread } from "../harness/statistics.ts"
import { type Result, verdict, withSpread } from "../harness/table.ts"

const ours = "second run"
const hand = "pages by hand"

export const again = async (setting: Setting): Promise<Result> => {
  const jobs = setting.quick ? 5000 : 100_000
  const title = `Nothing new among ${jobs.toLocaleString("en")} jobs`
  await using server = await startServer({ batches: [{ jobs }] })
  const { address } = server
  const folder = scratch(setting)
  const exporting = (name: string) => ({
    name,
    client: "export",
    spec: () => ({ address, folder, sinks: ["files"] })
  })
  setting.log(title)
  await runOnce(setting, exporting("first run"), folder, server)
  const contestants = [exporting(ours), { name: hand, client: "handPages", spec: () => ({ address }) }]
  const samples = await contest(setting, title, contestants, server)
  const wall = ratio(samples[ours]!, samples[hand]!, ({ seconds }) => seconds)
  const cpu = ratio(samples[ours]!, samples[hand]!, (sample) => sample.cpu)
  const other = spread(samples[ours]!.map(({ server: served }) => {
    const { jobs: pages = 0, ...rest } = served?.requests ?? {}
    return Math.max(0, pages - Math.ceil(jobs / 100)) + Object.values(rest).reduce((sum, count) => sum + count, 0)
  }))
  return {
    tables: [{
      title,
      columns: ["client", "seconds", "wall, ratio", "CPU, ratio", "server's CPU"],
      rows: Object.entries(samples).map(([name, found]) => [
        name,
        withSpread(over(found, ({ seconds }) => seconds)),
        name === hand ? "1" : withSpread(wall),
        name === hand ? "1" : withSpread(cpu),
        `${Math.round(100 * over(found, ({ seconds, server }) => (server?.cpu ?? 0) / seconds).median)} %`
      ]),
      notes: ["One page after the other, 100 jobs each, without latency: each page names the next."]
    }],
    verdicts: [
      verdict("second run, wall to listing by hand", wall, "at most", 1.5),
      verdict("second run, other requests than pages", other, "at most", 0)
    ],
    samples: { [title]: samples }
  }
}

/** Reading result documents against `JSON.parse` of the same bytes, and against rows made by hand. */
import { join } from "node:path"
import { contest, type Contestant, runOnce, type Samples, scratch, type Setting } from "../harness/contest.ts"
import { over, ratio, spread } from "../harness/statistics.ts"
import { number, type Result, type Verdict, verdict, withSpread } from "../harness/table.ts"

interface Size {
  readonly title: string
  readonly bytes: number
  readonly times: number
}

const sizes = (quick: boolean): ReadonlyArray<Size> => [
  { title: "4 KB", bytes: 4096, times: quick ? 5000 : 20_000 },
  { title: "5 MB", bytes: 5e6, times: quick ? 5 : 20 },
  { title: quick ? "50 MB" : "300 MB", bytes: quick ? 50e6 : 300e6, times: 1 }
]

/** Documents up to here stay in memory between download and reading. */
const held = 1024 * 1024

export const normalise = async (setting: Setting): Promise<Result> => {
  const rows: Array<ReadonlyArray<string>> = []
  const verdicts: Array<Verdict> = []
  const samples: Record<string, Samples> = {}
  const folder = scratch(setting)
  for (const { bytes, times, title } of sizes(setting.quick)) {
    const file = join(folder, `${title}.json`)
    const maker = { name: `making ${title}`, client: "makeDocument", spec: () => ({ file, bytes }) }
    await runOnce(setting, maker, folder)
    const isLarge = bytes > 10e6
    const rowsOf = (name: string, smallHeap: boolean): Contestant => ({
      name,
      client: "normaliseClient",
      spec: (own) => ({ folder: own, file, times, smallHeap })
    })
    const found = samples[title] = await contest(setting, `normalising, ${title}`, [
      rowsOf("rows", false),
      ...(isLarge ? [rowsOf("rows, small heap", true)] : []),
      { name: "rows by hand", client: "handRows", spec: () => ({ file, times, held: bytes <= held }) },
      { name: "JSON.parse", client: "parse", spec: () => ({ file, times, held: bytes <= held }) }
    ])
    const [own, hand, parse] = [found["rows"]!, found["rows by hand"]!, found["JSON.parse"]!]
    const wall = ratio(own, parse, ({ seconds }) => seconds)
    for (const [name, of] of Object.entries(found)) {
      rows.push([
        title,
        name,
        withSpread(over(of, ({ seconds }) => bytes * times / seconds / 1e6)),
        of === parse ? "1" : withSpread(ratio(of, parse, ({ seconds }) => seconds)),
        of === parse ? "1" : withSpread(ratio(of, parse, ({ cpu }) => cpu)),
        number(over(of, ({ rss }) => rss).greatest)
      ])
    }
    verdicts.push(verdict(`normalising ${title}, time to JSON.parse`, wall, "at most", 1.5))
    const byHand = ratio(own, hand, ({ seconds }) => seconds)
    verdicts.push(verdict(`normalising ${title}, time to rows by hand`, byHand, "at most", 1.2))
    for (const name of isLarge ? ["rows", "rows, small heap"] : []) {
      const peak = spread(found[name]!.map(({ rss }) => rss))
      verdicts.push(verdict(`normalising ${title}, peak memory, ${name}`, peak, "at most", 250, " MB"))
    }
  }
  const columns = ["document", "reader", "MB/s", "wall, ratio", "CPU, ratio", "peak MB"]
  const notes = [
    "All decode UTF-8. Documents of over 1 MiB are read from the spool's file, in two passes.",
    "The command keeps V8's heap small, by NodeHeap.layerSmall. The library leaves it to V8."
  ]
  return { tables: [{ title: "Normalising result documents", columns, rows, notes }], verdicts, samples }
}

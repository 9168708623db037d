/** Datasets: samples per second and memory of every format, CPU per mask, and `convert` against a program by hand. */
import { join } from "node:path"
import { contest, type Contestant, runOnce, type Samples, scratch, type Setting } from "../harness/contest.ts"
import { over, ratio, type Spread } from "../harness/statistics.ts"
import { number, type Result, type Table, type Verdict, verdict, withSpread } from "../harness/table.ts"
import { bundleCommand } from "../support/bundle.ts"
import { cloudNames, names } from "../support/datasetFormats.ts"
import type { Kind } from "../support/samples.ts"

const into = (format: string, jobs: number, of: Kind): Contestant => ({
  name: `${format}, ${jobs.toLocaleString("en")} samples`,
  client: "datasetClient",
  spec: (folder) => ({ folder, format, jobs, of })
})

const rate = (found: Samples[string]): Spread => over(found, ({ counts, seconds }) => counts["samples"]! / seconds)
const cpu = (found: Samples[string]): Spread => over(found, ({ counts, cpu }) => 1000 * cpu / counts["samples"]!)
const memory = (found: Samples[string]): Spread => over(found, ({ rss }) => rss)

const tableOf = (title: string, samples: Samples, notes: ReadonlyArray<string>): Table => ({
  title,
  columns: ["dataset", "samples/s", "CPU ms a sample", "peak MB"],
  rows: Object.entries(samples).map(([name, found]) => [
    name,
    withSpread(rate(found)),
    withSpread(cpu(found)),
    number(memory(found).greatest)
  ]),
  notes
})

/** What every format takes, and whether memory stays the same for more samples. */
const formats = async (setting: Setting, verdicts: Array<Verdict>) => {
  const [few, some, many] = setting.quick ? [100, 200, 500] : [1000, 5000, 50_000]
  const samples = await contest(setting, "datasets, every format", [
    ...names.filter((name) => name !== "coco").map((name) => into(name, some, "boxes")),
    ...[few, some, many].map((jobs) => into("coco", jobs, "boxes"))
  ])
  const [own, least, most] = [some, few, many].map((jobs) => samples[into("coco", jobs, "boxes").name]!)
  verdicts.push(
    verdict("COCO, samples/s with 10 boxes each", rate(own!), "at least", 2000),
    verdict(
      `COCO, peak memory at ${many.toLocaleString("en")} samples to ${few.toLocaleString("en")}`,
      ratio(most!, least!, ({ rss }) => rss),
      "at most",
      1.2
    )
  )
  return samples
}

const masks = async (setting: Setting, verdicts: Array<Verdict>) => {
  const contestants = ["coco", "masks"].map((format) => into(format, setting.quick ? 10 : 50, "mask"))
  const samples = await contest(setting, "datasets, masks", contestants)
  verdicts.push(verdict("COCO, CPU of a 1080p mask", cpu(Object.values(samples)[0]!), "at most", 25, " ms"))
  return samples
}

const clouds = (setting: Setting) =>
  contest(
    setting,
    "datasets, clouds",
    cloudNames.map((format) => into(format, setting.quick ? 50 : 500, "cloud"))
  )

const convert = async (setting: Setting, verdicts: Array<Verdict>) => {
  bundleCommand()
  const jobs = setting.quick ? 1000 : 10_000
  const directory = join(scratch(setting), "files")
  const maker = { name: "storing documents", client: "filesClient", spec: () => ({ directory, jobs }) }
  await runOnce(setting, maker, directory)
  // The command needs no platform to convert.
  const address = { apiUrl: "http://127.0.0.1:9", apiKey: "none", projectId: "project-1", batchId: "batch-1" }
  const samples = await contest(setting, "datasets, convert", [
    {
      name: "labelstream convert",
      client: "command",
      spec: (folder) => ({
        address,
        folder,
        args: ["convert", "--from", `files:${directory}`, "--to", `yolo-ndjson:${join(folder, "dataset")}`]
      })
    },
    ...["by hand", "by hand, keeping the same promises"].map((name, index) => ({
      name,
      client: ["handDataset", "handDatasetKept"][index]!,
      spec: (folder: string) => ({ folder, source: join(directory, "batch-1") })
    }))
  ])
  const [own, hand] = Object.values(samples)
  const perSample = ratio(own!, hand!, ({ cpu }) => cpu)
  verdicts.push(verdict("labelstream convert to YOLO NDJSON, CPU to a program by hand", perSample, "at most", 2))
  const table: Table = {
    title: `labelstream convert, ${jobs.toLocaleString("en")} samples from files to YOLO NDJSON`,
    columns: ["program", "samples/s", "CPU seconds", "CPU, ratio", "peak MB"],
    rows: Object.entries(samples).map(([name, found]) => [
      name,
      withSpread(over(found, ({ seconds }) => jobs / seconds)),
      withSpread(over(found, ({ cpu }) => cpu)),
      found === hand ? "1" : withSpread(ratio(found, hand!, ({ cpu }) => cpu)),
      number(memory(found).greatest)
    ]),
    notes: [
      "The program by hand reads and parses each document. It syncs nothing and holds everything in memory. The one that " +
      "keeps the promises also compares hashes, and stores rows and a ledger durably before it makes the dataset of them."
    ]
  }
  return { samples, table }
}

export const datasets = async (setting: Setting): Promise<Result> => {
  const verdicts: Array<Verdict> = []
  const [ofFormats, ofMasks] = [await formats(setting, verdicts), await masks(setting, verdicts)]
  const ofClouds = await clouds(setting)
  const converted = await convert(setting, verdicts)
  return {
    tables: [
      tableOf("Datasets, 10 boxes a sample", ofFormats, [
        "From the record to the published dataset, decoding of the documents included, with the command's small heap. " +
        "Every commit and every published file is synced."
      ]),
      tableOf("Datasets, 1080p masks with 40 instances", ofMasks, []),
      tableOf("Datasets, clouds of 10,000 labeled points", ofClouds, []),
      converted.table
    ],
    verdicts,
    samples: { formats: ofFormats, masks: ofMasks, clouds: ofClouds, convert: converted.samples }
  }
}

/** Reads Label Studio tasks, and holds each region against the labeling configuration. */
import type { FormatKit } from "../../src/testing/index.ts"
import { all, readXml } from "./files/readXml.ts"
import { type Files, textOf } from "./readYolo.ts"

export interface Region {
  readonly id: string
  readonly type: string
  readonly from_name: string
  readonly to_name: string
  readonly original_width?: number
  readonly value: Readonly<Record<string, unknown>>
  readonly meta?: { readonly text: ReadonlyArray<string> }
}

export interface Task {
  readonly id: number
  readonly data: { readonly image: string; readonly name: string }
  readonly annotations: readonly [{ readonly result: ReadonlyArray<Region> }]
}

export const readTasks = (files: Files, split: string): ReadonlyArray<Task> =>
  JSON.parse(textOf(files, `${split}.json`)) as ReadonlyArray<Task>

/** The labels of each tag of the configuration. */
export const readConfiguration = (files: Files): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    readXml(files.get("config.xml")!).children.map((tag) => [
      tag.at["name"]!,
      [...all(tag, "Label"), ...all(tag, "Choice")].map(({ at }) => at["value"]!)
    ])
  )

const labelOf = ({ from_name, type, value }: Region, tags: ReadonlyMap<string, ReadonlyArray<string>>): string => {
  const [label] = value[type] as ReadonlyArray<string>
  if (label === undefined || tags.get(from_name)?.includes(label) !== true) throw new Error(`no label for ${from_name}`)
  return label
}

export const readLabelStudio = (files: Files): FormatKit.ReadBack => {
  const tags = readConfiguration(files)
  const own = ["classes.json", "loss.json"]
  const splits = [...files.keys()].filter((path) => path.endsWith(".json") && !own.includes(path))
  const tasks = splits.flatMap((path) => readTasks(files, path.slice(0, -".json".length)))
  return {
    classes: tags.get("rectangle")!,
    samples: new Map(tasks.map(({ annotations: [{ result }], data: { name } }) => [
      name,
      result.filter(({ id }) => !id.includes(".")).map((region) => labelOf(region, tags))
    ]))
  }
}

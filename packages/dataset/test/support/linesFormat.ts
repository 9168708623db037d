/** A small format and its reader, with one fault for each rule of the kit. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { DatasetFormat, Loss } from "../../src/index.ts"
import type { Sample } from "../../src/Sample.ts"
import type { FormatKit } from "../../src/testing/index.ts"

/** What is wrong with it. */
export type Fault =
  | "none"
  | "differs"
  | "forgetsEmpty"
  | "renumbers"
  | "losesSilently"
  | "namesByReference"
  | "swallowsSplits"
  | "collects"
  | "ignoresErrors"
  | "marksNothing"

let builds = 0

const carries: DatasetFormat.DatasetFormat<{}>["carries"] = ({ type }) =>
  type === "rectangle" || type === "polygon" ? Loss.kept : Loss.dropped(`no place for ${type}`)

/** A file with the classes of each sample, and an index of the samples. */
export const linesFormat = (fault: Fault) =>
  DatasetFormat.make({
    name: "lines",
    fields: {},
    kind: "image",
    needs: { sizes: false, masks: false },
    holds: { attributes: true, tracks: true },
    carries,
    write: Effect.fnUntraced(function*(samples, classes, out) {
      const names = fault === "renumbers" ? [...classes.names].sort().reverse().slice(1) : classes.names
      yield* out.file("classes.txt", JSON.stringify(names))
      if (fault === "differs") yield* out.file("build.txt", String(builds++))
      const nameOf = ({ job, name }: Sample) => fault === "namesByReference" ? job.referenceId : name
      const taken = Stream.filter(samples.all, ({ shapes, split }) =>
        !(fault === "forgetsEmpty" && shapes.length === 0) &&
        !(fault === "swallowsSplits" && !["train", "val"].includes(split)))
      const write = (sample: Sample) => {
        const labels = sample.shapes.map(({ label }) =>
          label
        )
        const text = JSON.stringify(fault === "losesSilently" ? labels.slice(1) : labels)
        const written = out.file(`samples/${nameOf(sample)}.txt`, text)
        return fault === "ignoresErrors" ? Effect.ignore(written) : written
      }
      yield* fault === "collects"
        ? Effect.flatMap(Stream.runCollect(taken), (all) => Effect.forEach(all, write, { discard: true }))
        : Stream.runForEach(taken, write)
      const index = Stream.encodeText(Stream.map(taken, (sample) => `${JSON.stringify(nameOf(sample))}\n`))
      yield* out.file("index.txt", index, { entry: fault !== "marksNothing" })
    })
  })

const decoder = new TextDecoder()

export const readLines = (files: FormatKit.Files): FormatKit.ReadBack => {
  const parsed = (path: string, text = decoder.decode(files.get(path))) => JSON.parse(text) as ReadonlyArray<string>
  const index = decoder.decode(files.get("index.txt")).split("\n").slice(0, -1).map((line) =>
    JSON.parse(line) as string
  )
  return {
    classes: parsed("classes.txt"),
    samples: new Map(index.map((name) => [name, parsed(`samples/${name}.txt`)]))
  }
}

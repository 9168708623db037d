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

let builds = 0

const carries: DatasetFormat.DatasetFormat<{}>["carries"] = ({ type }) =>
  type === "rectangle" || type === "polygon" ? Loss.kept : Loss.dropped(`no place for ${type}`)

/** A line with the classes of each sample. */
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
      yield* Stream.runForEach(samples.all, (sample) => {
        const labels = sample.shapes.map(({ label }) => label)
        if (fault === "forgetsEmpty" && labels.length === 0) return Effect.void
        if (fault === "swallowsSplits" && !["train", "val"].includes(sample.split)) return Effect.void
        const text = JSON.stringify(fault === "losesSilently" ? labels.slice(1) : labels)
        return out.file(`samples/${nameOf(sample)}.txt`, text)
      })
    })
  })

const decoder = new TextDecoder()

export const readLines = (files: ReadonlyMap<string, Uint8Array>): FormatKit.ReadBack => ({
  classes: JSON.parse(decoder.decode(files.get("classes.txt"))) as ReadonlyArray<string>,
  samples: new Map(
    [...files].filter(([path]) => path.startsWith("samples/")).map(([path, bytes]) => [
      path.slice("samples/".length, -".txt".length),
      JSON.parse(decoder.decode(bytes)) as ReadonlyArray<string>
    ])
  )
})

/** Reads WebDataset shards as its library does: neighbors with the same name up to the first dot are a sample. */
import type { FormatKit } from "../../src/testing/index.ts"
import { readTar } from "./files/readTar.ts"
import { type Files, textOf } from "./readYolo.ts"

export interface Described {
  readonly name: string
  readonly shapes: ReadonlyArray<{
    readonly type: string
    readonly label: string
    readonly class: number
    readonly points: ReadonlyArray<readonly [number, number]>
    readonly attributes: Readonly<Record<string, unknown>>
  }>
  readonly segments: ReadonlyArray<{
    readonly value: number
    readonly label: string
    readonly class: number
    readonly instance: string | null
  }>
}

/** The samples of a shard in order: the parts of each by their ending. */
export const readShard = (archive: Uint8Array): ReadonlyArray<ReadonlyMap<string, Uint8Array>> => {
  const samples: Array<{ readonly key: string; readonly parts: Map<string, Uint8Array> }> = []
  for (const { bytes, name } of readTar(archive)) {
    const dot = name.indexOf(".")
    const [key, ending] = [name.slice(0, dot), name.slice(dot + 1)]
    if (samples.at(-1)?.key !== key) samples.push({ key, parts: new Map() })
    samples.at(-1)!.parts.set(ending, bytes)
  }
  if (new Set(samples.map(({ key }) => key)).size !== samples.length) throw new Error("a key comes twice")
  return samples.map(({ parts }) => parts)
}

export const describedIn = (parts: ReadonlyMap<string, Uint8Array>): Described =>
  JSON.parse(textOf(parts, "json")) as Described

export const readWebDataset = (files: Files): FormatKit.ReadBack => {
  const classes = JSON.parse(textOf(files, "classes.json")) as ReadonlyArray<string>
  const shards = [...files].filter(([path]) => path.endsWith(".tar"))
  const samples = shards.flatMap(([, archive]) => readShard(archive)).map(describedIn).map((described) => {
    const labels = [...described.shapes, ...described.segments].map((of) => {
      if (classes[of.class] !== of.label) throw new Error(`${of.label} is not class ${of.class}`)
      return of.label
    })
    return [described.name, labels] as const
  })
  return { classes, samples: new Map(samples) }
}

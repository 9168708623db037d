/** Reads Datumaro JSON. */
import type { FormatKit } from "../../src/testing/index.ts"
import { type Files, textOf } from "./readYolo.ts"

export interface Annotation {
  readonly id: number
  readonly type: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly label_id: number
  readonly bbox?: ReadonlyArray<number>
  readonly points?: ReadonlyArray<number>
  readonly visibility?: ReadonlyArray<number>
  readonly rle?: { readonly counts: string; readonly size: readonly [number, number] }
}

export interface Document {
  readonly dm_format_version: string
  readonly categories: { readonly label: { readonly labels: ReadonlyArray<{ readonly name: string }> } }
  readonly items: ReadonlyArray<{
    readonly id: string
    readonly annotations: ReadonlyArray<Annotation>
    readonly attr: Readonly<Record<string, unknown>>
    readonly image: { readonly path: string; readonly size: readonly [number, number] }
  }>
}

export const readDocument = (files: Files, split: string): Document =>
  JSON.parse(textOf(files, `annotations/${split}.json`)) as Document

export const readDatumaro = (files: Files): FormatKit.ReadBack => {
  const splits = [...files.keys()].flatMap((path) => /^annotations\/(.+)\.json$/.exec(path)?.[1] ?? [])
  const documents = splits.map((split) => readDocument(files, split))
  const classes = documents[0]!.categories.label.labels.map(({ name }) => name)
  const items = documents.flatMap((document) => document.items)
  return {
    classes,
    samples: new Map(items.map(({ annotations, id }) => [id, annotations.map((of) => classes[of.label_id]!)]))
  }
}

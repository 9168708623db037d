/** Counts annotations in result documents as somebody would who has never heard of this software. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"

export interface Counts {
  readonly labels: Record<string, number>
  readonly frames: Record<string, number>
  attributes: number
}

interface Annotation {
  readonly label?: string
  readonly text?: string
  readonly frame_id?: string
  readonly attributes?: object
  readonly frames?: Readonly<Record<string, Annotation>>
}

const listsOf = (document: Record<string, never>): ReadonlyArray<Annotation> => {
  const { annotation_data: data, annotations, category, legend } = document as unknown as {
    readonly category?: string
    readonly annotations?: Readonly<Record<string, ReadonlyArray<Annotation>>> | ReadonlyArray<unknown>
    readonly annotation_data?: { readonly annotations: ReadonlyArray<Annotation> }
    readonly legend?: Readonly<Record<string, string>> | ReadonlyArray<Annotation>
  }
  if (data !== undefined) {
    return data.annotations.flatMap((annotation) =>
      annotation.frames === undefined
        ? [annotation]
        : Object.entries(annotation.frames).map(([frame_id, shown]) => ({
          label: annotation.label ?? "",
          ...shown,
          frame_id
        }))
    )
  }
  if (Array.isArray(legend)) return legend as ReadonlyArray<Annotation>
  if (legend !== undefined) return Object.values(legend as Readonly<Record<string, string>>).map((text) => ({ text }))
  if (category !== undefined) return [{ label: category }]
  // Of a shape that nobody documents, all that can be said is that it is there.
  return annotations === undefined || Array.isArray(annotations)
    ? [{}]
    : (Object.values(annotations) as ReadonlyArray<ReadonlyArray<Annotation>>).flat()
}

/** Counts documents, given as their text. */
export const countDocuments = (documents: Iterable<string>): Counts => {
  const counts: Counts = { labels: {}, frames: {}, attributes: 0 }
  const add = (to: Record<string, number>, key: string) => to[key] = (to[key] ?? 0) + 1
  for (const document of documents) {
    const parsed = JSON.parse(document) as Record<string, never>
    for (const { attributes, frame_id, label, text } of listsOf(parsed["data"] ?? parsed)) {
      add(counts.labels, (label ?? text ?? "").replace(/ # ?\d+$/, ""))
      if (frame_id !== undefined) add(counts.frames, frame_id)
      counts.attributes += Object.keys(attributes ?? {}).length
    }
  }
  return counts
}

/** Counts all documents of a folder. */
export const countJson = async (folder: string): Promise<Counts> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"))
  return countDocuments(await Promise.all(names.map((name) => readFile(join(folder, name), "utf8"))))
}

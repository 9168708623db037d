/** Reads COCO instances as trainers do, and checks what they rely on. */
import type { FormatKit } from "../../src/testing/index.ts"
import { type Files, textOf } from "./readYolo.ts"

export interface CocoImage {
  readonly id: number
  readonly width: number
  readonly height: number
  readonly file_name: string
  readonly coco_url?: string
  readonly batch_id: string
  readonly job_id: string
  readonly reference_id: string
  readonly frame_id?: string
  readonly frame_index?: number
}

export interface CocoAnnotation {
  readonly id: number
  readonly image_id: number
  readonly category_id: number
  readonly bbox: readonly [number, number, number, number]
  readonly area: number
  readonly iscrowd: number
  readonly segmentation:
    | ReadonlyArray<ReadonlyArray<number>>
    | { readonly size: readonly [number, number]; readonly counts: string }
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface Coco {
  readonly images: ReadonlyArray<CocoImage>
  readonly annotations: ReadonlyArray<CocoAnnotation>
  readonly categories: ReadonlyArray<{ readonly id: number; readonly name: string; readonly supercategory: string }>
}

export const readFile = (files: Files, split: string): Coco => {
  const coco = JSON.parse(textOf(files, `annotations/instances_${split}.json`)) as Coco
  const images = new Map(coco.images.map((image) => [image.id, image]))
  if (images.size !== coco.images.length) throw new Error("ids of images repeat")
  if (new Set(coco.annotations.map(({ id }) => id)).size !== coco.annotations.length) throw new Error("ids repeat")
  for (const { bbox: [x, y, w, h], id, image_id } of coco.annotations) {
    const image = images.get(image_id)
    if (id <= 0 || image === undefined) throw new Error("an annotation has no id, or no image")
    const isInside = x >= 0 && y >= 0 && w >= 0 && h >= 0 && x + w <= image.width + 1e-3 && y + h <= image.height + 1e-3
    if (!isInside) throw new Error(`a box is not inside of its image: ${[x, y, w, h].join(",")}`)
  }
  return coco
}

export const readCoco = (files: Files): FormatKit.ReadBack => {
  const splits = [...files.keys()].flatMap((path) => /^annotations\/instances_(.+)\.json$/.exec(path)?.[1] ?? [])
  const samples = new Map<string, Array<string>>()
  let classes: ReadonlyArray<string> = []
  for (const split of splits) {
    const { annotations, categories, images } = readFile(files, split)
    classes = [...categories].sort((a, b) => a.id - b.id).map(({ name }) => name)
    const nameOf = new Map(categories.map(({ id, name }) => [id, name]))
    const labels = new Map(images.map(({ file_name, id }) => {
      const found: Array<string> = []
      samples.set(file_name.replace(/\.[^.]*$/, ""), found)
      return [id, found]
    }))
    for (const { category_id, image_id } of annotations) labels.get(image_id)!.push(nameOf.get(category_id)!)
  }
  return { classes, samples }
}

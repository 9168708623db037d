/** Reads COCO instances as trainers do, and checks what they rely on. */
import type { FormatKit } from "../../src/testing/index.ts"
import { readNumbers } from "./files/readPng.ts"
import { stemOf } from "./files/readSamples.ts"
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
  readonly keypoints?: ReadonlyArray<number>
  readonly num_keypoints?: number
}

export interface Coco {
  readonly images: ReadonlyArray<CocoImage>
  readonly annotations: ReadonlyArray<CocoAnnotation>
  readonly categories: ReadonlyArray<{
    readonly id: number
    readonly name: string
    readonly supercategory: string
    readonly keypoints?: ReadonlyArray<string>
    readonly skeleton?: ReadonlyArray<readonly [number, number]>
    readonly isthing?: 0 | 1
  }>
}

export const readFile = (files: Files, split: string, task = "instances"): Coco => {
  const coco = JSON.parse(textOf(files, `annotations/${task}_${split}.json`)) as Coco
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

const splitsOf = (files: Files, task: string): ReadonlyArray<string> => {
  const start = `annotations/${task}_`
  return [...files.keys()].filter((path) => path.startsWith(start) && path.endsWith(".json"))
    .map((path) => path.slice(start.length, -".json".length))
}

export const readCocoOf = (task: "instances" | "person_keypoints") => (files: Files): FormatKit.ReadBack => {
  const samples = new Map<string, Array<string>>()
  let classes: ReadonlyArray<string> = []
  for (const split of splitsOf(files, task)) {
    const { annotations, categories, images } = readFile(files, split, task)
    classes = [...categories].sort((a, b) => a.id - b.id).map(({ name }) => name)
    const nameOf = new Map(categories.map(({ id, name }) => [id, name]))
    const labels = new Map(images.map(({ file_name, id }) => {
      const found: Array<string> = []
      samples.set(stemOf(file_name), found)
      return [id, found]
    }))
    for (const { category_id, image_id } of annotations) labels.get(image_id)!.push(nameOf.get(category_id)!)
  }
  return { classes, samples }
}

export interface Segment {
  readonly id: number
  readonly category_id: number
  readonly area: number
  readonly bbox: readonly [number, number, number, number]
}

export interface Panoptic extends Omit<Coco, "annotations"> {
  readonly annotations: ReadonlyArray<{
    readonly image_id: number
    readonly file_name: string
    readonly segments_info: ReadonlyArray<Segment>
  }>
}

/** Reads a panoptic file, and holds each PNG against what is said of its segments. */
export const readPanopticFile = (files: Files, split: string): Panoptic => {
  const coco = JSON.parse(textOf(files, `annotations/panoptic_${split}.json`)) as Panoptic
  for (const { file_name, segments_info } of coco.annotations) {
    const { values, width } = readNumbers(files.get(`annotations/panoptic_${split}/${file_name}`)!)
    const met = new Set(values.filter((value) => value !== 0))
    if (met.size !== segments_info.length) throw new Error(`${file_name} has ${met.size} segments`)
    for (const { area, bbox, id } of segments_info) {
      const at = values.flatMap((value, index) => value === id ? [index] : [])
      const [xs, ys] = [at.map((index) => index % width), at.map((index) => Math.floor(index / width))]
      const [x, y] = [Math.min(...xs), Math.min(...ys)]
      const box = [x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1]
      if (area !== at.length || box.join() !== bbox.join()) throw new Error(`segment ${id} is not where it is said`)
    }
  }
  return coco
}

export const readPanoptic = (files: Files): FormatKit.ReadBack => {
  const parts = splitsOf(files, "panoptic").map((split) => readPanopticFile(files, split))
  const nameOf = new Map(parts[0]!.categories.map(({ id, name }) => [id, name]))
  const samples = parts.flatMap(({ annotations, images }) =>
    images.map(({ file_name, id }) => {
      const { segments_info } = annotations.find(({ image_id }) => image_id === id)!
      return [stemOf(file_name), segments_info.map(({ category_id }) => nameOf.get(category_id)!)] as const
    })
  )
  return { classes: [...nameOf.values()], samples: new Map(samples) }
}

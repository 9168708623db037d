/** Writes a COCO file in two passes over its samples, images before annotations: nothing is held. The first places media. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Classes } from "../../Classes.ts"
import type { DatasetError } from "../../DatasetError.ts"
import type { Output } from "../../DatasetFormat.ts"
import { textOf } from "../../internal/text.ts"
import type { Sample, Shape } from "../../Sample.ts"
import { withTrack } from "../shared/attributes.ts"
import { originOf, present } from "../shared/origin.ts"

/** Makes the elements of `annotations` of a sample as JSON text. `nextId` counts from 1. */
export type Annotations = (
  sample: Sample,
  imageId: number,
  nextId: () => number
) => ReadonlyArray<string> | Effect.Effect<ReadonlyArray<string>, DatasetError>

/** Returns the elements of `categories` as JSON text. Ids count from 1. */
export const categories = (
  { names }: Classes,
  more: (name: string, id: number) => object = () => ({})
): ReadonlyArray<string> =>
  names.map((name, index) => JSON.stringify({ id: index + 1, name, supercategory: "", ...more(name, index + 1) }))

/** A shape, and where it is in pixels. */
export interface Placed {
  readonly shape: Shape
  readonly box: ReadonlyArray<number>
  readonly area: number
  /** Members that a task adds to the JSON object. */
  readonly members: string
}

/** The element of a shape in `annotations`, as JSON text. */
export const element = ({ area, box, members, shape }: Placed, id: number, imageId: number, classes: Classes): string =>
  `{"id":${id},"image_id":${imageId},"category_id":${classes.indexOf(shape.label) + 1},"bbox":[${
    box.join(",")
  }],"area":${area},"iscrowd":0,${members},"attributes":${withTrack(shape)}}`

const image = (sample: Sample, id: number): string => {
  const { file, height, url, width } = sample
  return JSON.stringify({ id, width, height, file_name: file, ...present({ coco_url: url, ...originOf(sample) }) })
}

/** Each element on a line of its own. */
const joiner = () => {
  let isFirst = true
  return (elements: ReadonlyArray<string>): string => {
    if (elements.length === 0) return ""
    const text = `${isFirst ? "\n" : ",\n"}${elements.join(",\n")}`
    isFirst = false
    return text
  }
}

/** Writes one file. `categories` are elements as JSON text. */
export const write = (
  out: Output,
  path: string,
  samples: Stream.Stream<Sample, DatasetError>,
  categories: ReadonlyArray<string>,
  annotations: Annotations
): Effect.Effect<void, DatasetError> => {
  const text = Stream.suspend(() => {
    const ids = { image: 0, imageOf: 0, annotation: 0 }
    const nextId = () => ++ids.annotation
    const [images, found] = [joiner(), joiner()]
    return textOf(
      "{\"info\":{\"description\":\"Annotations of GT Studio, exported by Labelstream\",\"version\":\"1.0\"},",
      "\"licenses\":[],\n\"categories\":[",
      categories.length === 0 ? "" : `\n${categories.join(",\n")}\n`,
      "],\n\"images\":[",
      [samples, (sample) =>
        Effect.as(
          out.media(sample, `images/${sample.split}/${sample.file}`),
          images([image(sample, ++ids.image)])
        )],
      "\n],\n\"annotations\":[",
      [samples, (sample) => {
        const made = annotations(sample, ++ids.imageOf, nextId)
        return Effect.isEffect(made) ? Effect.map(made, found) : found(made)
      }],
      "\n]}\n"
    )
  })
  return out.file(path, text, { entry: true })
}

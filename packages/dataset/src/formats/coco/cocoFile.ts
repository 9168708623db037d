/** Writes a COCO file in two passes over its samples, images before annotations: nothing is held. The first places media. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { DatasetError } from "../../DatasetError.ts"
import type { Output } from "../../DatasetFormat.ts"
import { textOf } from "../../internal/text.ts"
import type { Sample } from "../../Sample.ts"

/** Makes the elements of `annotations` of a sample as JSON text. `nextId` counts from 1. */
export type Annotations = (
  sample: Sample,
  imageId: number,
  nextId: () => number
) => ReadonlyArray<string> | Effect.Effect<ReadonlyArray<string>, DatasetError>

const image = (sample: Sample, id: number): string => {
  const { file, frame, height, job, url, width } = sample
  return JSON.stringify({
    id,
    width,
    height,
    file_name: file,
    ...url === null ? {} : { coco_url: url },
    batch_id: job.batchId,
    job_id: job.jobId,
    reference_id: job.referenceId,
    ...frame === null ? {} : { frame_id: frame.id, frame_index: frame.index }
  })
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

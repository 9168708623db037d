/**
 * Hugging Face datasets. Layout `imagefolder`: `<split>/NAME.jpg` and `<split>/metadata.jsonl`. Layout `parquet`:
 * `data/<split>-000000.parquet` with the images in it. `README.md` names the splits. Boxes are left, top, width and height
 * in pixels, in `objects`; masks are gray pictures of classes, whose values count from 1.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import { textOf } from "../internal/text.ts"
import * as Loss from "../Loss.ts"
import * as Png from "../Png.ts"
import type { Sample } from "../Sample.ts"
import { parquetOf, type Row, weigh } from "./huggingFace/huggingFaceParquet.ts"
import * as Rows from "./huggingFace/huggingFaceRow.ts"
import { boxes, carried } from "./shared/carried.ts"
import { depthOf, valuesOf } from "./shared/classMask.ts"
import { sizeOf } from "./shared/pixels.ts"
import { defaultShardBytes, forEachShard, shardBytes } from "./shared/shards.ts"

const fields = {
  layout: Schema.optionalKey(Schema.Literals(["imagefolder", "parquet"])).annotate({
    description: "imagefolder (default, images as files next to metadata.jsonl), or parquet (images in Parquet files)."
  }),
  shard_bytes: shardBytes("A Parquet file")
}

const instances = Loss.approximated("classes only: no instances")

/** `README.md`, whose head says where the files of each split are. */
const readme = (splits: ReadonlyArray<string>, pathOf: (split: string) => string): string =>
  [
    "---",
    "configs:",
    "- config_name: default",
    "  data_files:",
    ...splits.flatMap((split) => [`  - split: ${JSON.stringify(split)}`, `    path: ${JSON.stringify(pathOf(split))}`]),
    "---",
    "",
    "Annotations of GT Studio, exported by Labelstream. `classes.json` has the names of the classes in order.",
    ""
  ].join("\n")

/** Whether any sample has a mask: then all have one, since rows of a table have the same columns. */
const anyMask = (samples: Stream.Stream<Sample, DatasetError>) =>
  Effect.map(Stream.runHead(Stream.filter(samples, ({ mask }) => mask !== null)), ({ _tag }) => _tag === "Some")

const failure = (cause: unknown) =>
  new DatasetError({ reason: "output", detail: "an image cannot be read from the store", cause })

/** The format. */
export const format = DatasetFormat.make({
  name: "huggingface",
  fields,
  variants: { imagefolder: {}, parquet: { layout: "parquet" } },
  kind: "image",
  needs: { sizes: true, masks: true },
  holds: { attributes: true, tracks: true },
  refuses: ({ media }, { layout = "imagefolder" }) =>
    layout === "imagefolder" && media === null ? "its image was not exported" : null,
  carries: (shape) =>
    carried(shape, { ...boxes, segment: ({ instance }) => instance === null ? Loss.kept : instances }),
  write: Effect.fnUntraced(
    function*(samples, classes, out, { layout = "imagefolder", shard_bytes: limit = defaultShardBytes }) {
      const hasMasks = yield* anyMask(samples.all)
      const depth = hasMasks ? yield* depthOf(classes, 0) : 8
      const maskOf = (sample: Sample) =>
        Effect.map(valuesOf(sample, (label) => classes.indexOf(label) + 1, 0), (values) => {
          const { height, width } = sizeOf(sample)
          return Png.encodeGray(values, width, height, depth)
        })
      if (layout === "imagefolder") {
        for (const split of samples.splits) {
          const line = (sample: Sample) => {
            const mask = hasMasks ? { mask_file_name: `masks/${sample.name}.png` } : {}
            return `${JSON.stringify({ file_name: sample.file, ...mask, ...Rows.rowOf(sample, classes, hasMasks) })}\n`
          }
          yield* Stream.runForEach(samples.of(split), (sample) =>
            Effect.andThen(
              out.media(sample, `${split}/${sample.file}`),
              hasMasks
                ? Effect.flatMap(maskOf(sample), (png) => out.file(`${split}/masks/${sample.name}.png`, png))
                : Effect.void
            ))
          yield* out.file(`${split}/metadata.jsonl`, textOf([samples.of(split), line]), { entry: true })
        }
        return yield* out.file("README.md", readme(samples.splits, (split) => `${split}/**`))
      }
      const rowOf = Effect.fnUntraced(function*(sample: Sample) {
        const { file, media, name, split } = sample
        if (media === null) yield* out.media(sample, `${split}/${file}`)
        const bytes = media === null ? null : yield* Effect.mapError(media.collect, failure)
        const row: Row = {
          image: bytes === null ? null : { bytes, path: file },
          ...hasMasks ? { mask: { bytes: yield* maskOf(sample), path: `${name}.png` } } : {},
          ...Rows.rowOf(sample, classes, hasMasks)
        }
        return row
      })
      yield* forEachShard(samples, limit, ({ add, number, samples: some, split }) => {
        const rows = Stream.tap(Stream.mapEffect(some, rowOf), (row) => Effect.sync(() => add(weigh(row))))
        return out.file(`data/${split}-${number}.parquet`, parquetOf(rows, classes, hasMasks), { entry: true })
      })
      yield* out.file("README.md", readme(samples.splits, (split) => `data/${split}-*.parquet`))
    }
  )
})

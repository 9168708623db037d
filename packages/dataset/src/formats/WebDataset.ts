/**
 * WebDataset: `<split>-000000.tar` and so on. Each sample is `KEY.jpg`, `KEY.json` with its shapes as normalized points,
 * and, if it has a mask, `KEY.mask.png`, a gray picture of 16 bits whose values are the segments that the JSON lists.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createTarPacker } from "modern-tar"
import type { Classes } from "../Classes.ts"
import { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Png from "../Png.ts"
import type { Mask, Sample, Shape } from "../Sample.ts"
import { carried, everyShape } from "./shared/carried.ts"
import { originOf } from "./shared/origin.ts"
import { defaultShardBytes, forEachShard, shardBytes } from "./shared/shards.ts"

/** A member of an archive. */
interface Member {
  readonly name: string
  readonly size: number
  readonly content: Stream.Stream<Uint8Array, DatasetError>
}

const failure = (cause: unknown) =>
  cause instanceof DatasetError
    ? cause
    : new DatasetError({ reason: "output", detail: "an archive cannot be written", cause })

const attempt = (run: () => Promise<unknown>) => Effect.tryPromise({ try: run, catch: failure })

/** The bytes of an archive. Nothing in it depends on who writes it, or when. */
const tarOf = (members: Stream.Stream<Member, DatasetError>): Stream.Stream<Uint8Array, DatasetError> =>
  Stream.unwrap(Effect.gen(function*() {
    const { controller, readable } = createTarPacker()
    const write = ({ content, name, size }: Member) =>
      Effect.suspend(() => {
        const writer = controller.add({ name, size, type: "file", mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 })
          .getWriter()
        return Effect.andThen(
          Stream.runForEach(content, (bytes) => attempt(() => writer.write(bytes))),
          attempt(() => writer.close())
        )
      })
    const writeAll = Effect.matchEffect(Stream.runForEach(members, write), {
      onSuccess: () => Effect.sync(() => controller.finalize()),
      onFailure: (error) => Effect.sync(() => controller.error(error))
    })
    yield* Effect.forkScoped(writeAll)
    return Stream.fromReadableStream({ evaluate: () => readable, onError: failure })
  }))

/** A name without dots, since readers take all before the first one for the key; still one for each sample. */
const keyOf = (name: string): string => name.replaceAll(/[%.]/g, (sign) => sign === "." ? "%2E" : "%25")

const memberOf = (name: string, content: string | Uint8Array): Member => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  return { name, size: bytes.length, content: Stream.succeed(bytes) }
}

const jsonOf = (sample: Sample, classes: Classes): string => {
  const { height, mask, name, shapes, split, url, width } = sample
  const common = ({ instance, label, track }: Shape) => ({ label, class: classes.indexOf(label), track, instance })
  // Attributes are JSON already, whose numbers keep their digits.
  const joined = (object: object, attributes: string) =>
    `${JSON.stringify(object).slice(0, -1)},"attributes":${attributes}}`
  const shapeOf = (shape: Shape) => {
    const { attributes, keyFrame, pointLabels, points, type } = shape
    const labels = pointLabels === null ? {} : { point_labels: pointLabels }
    return joined({ type, ...common(shape), key_frame: keyFrame, points, ...labels }, attributes)
  }
  const segments = (mask?.entries ?? []).flatMap((entry, index) =>
    entry === null ? [] : [joined({ value: index + 1, ...common(entry) }, entry.attributes)]
  )
  const start = JSON.stringify({
    name,
    split,
    url,
    width,
    height,
    ...originOf(sample)
  })
  return `${start.slice(0, -1)},"shapes":[${shapes.map(shapeOf).join(",")}],"segments":[${segments.join(",")}]}\n`
}

const maskMember = (key: string, { entries, height, read, width }: Mask) =>
  Effect.map(read, (values) => {
    const known = values.map((value) => value === 0 || entries[value - 1] === null ? 0 : value)
    return memberOf(`${key}.mask.png`, Png.encodeGray(known, width, height, 16))
  })

/** The members of a sample. They come one after the other, and have the same key. */
const membersOf = (sample: Sample, classes: Classes): Effect.Effect<ReadonlyArray<Member>, DatasetError> => {
  const { file, mask, media, name } = sample
  const key = keyOf(name)
  const image = media === null ? [] : [{
    name: `${key}${file.slice(name.length)}`,
    size: media.size,
    content: Stream.mapError(media.stream, failure)
  }]
  const members = [...image, memberOf(`${key}.json`, jsonOf(sample, classes))]
  return mask === null ? Effect.succeed(members) : Effect.map(maskMember(key, mask), (found) => [...members, found])
}

/** Bytes in an archive: a header, and the content in blocks. */
const sizeIn = ({ size }: Member): number => 512 + Math.ceil(size / 512) * 512

/** The format. */
export const format = DatasetFormat.make({
  name: "webdataset",
  fields: { shard_bytes: shardBytes("A tar file") },
  kind: "image",
  needs: { sizes: false, masks: true },
  holds: { attributes: true, tracks: true },
  carries: (shape) => carried(shape, everyShape),
  write: (samples, classes, out, { shard_bytes: limit = defaultShardBytes }) =>
    forEachShard(samples, limit, ({ add, number, samples: some, split }) => {
      const members = Stream.mapEffect(
        some,
        (sample) =>
          Effect.tap(membersOf(sample, classes), (found) => {
            found.forEach((member) => add(sizeIn(member)))
            return sample.media === null ? out.media(sample, `${split}/${sample.file}`) : Effect.void
          })
      ).pipe(Stream.flattenIterable)
      return out.file(`${split}-${number}.tar`, tarOf(members), { entry: true })
    })
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { scale } from "../../../scripts/testScale.ts"
import { ResultDocument } from "../src/index.ts"
import { documents } from "./document/inputs.ts"
import {
  arrived,
  content,
  disturb,
  encode,
  encodeExact,
  exact,
  fixture,
  job,
  pick,
  random,
  read,
  resolve,
  samples,
  scanned,
  whole
} from "./document/support.ts"

const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0x7fffffff }))
const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 300 })))
  .check(Schema.isMinLength(1), Schema.isMaxLength(4))

const parsed = [...samples.map((name) => JSON.parse(new TextDecoder().decode(fixture(name))) as unknown), ...documents]

/** What remains when text is read back from JSON, so that a document equals what its bytes say. */
const asRead = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown

/** What a text stands for in a document that `encodeExact` writes. */
const digitsOf = (text: string) => text.replace(/^#(.*)#$/, "$1")

/** A document of all five lists, its values drawn from a seed. */
const drawn = (seed: number) => {
  const next = random(seed)
  const number = () => pick(next, [next(), next() / 1e9, -0, 0, 1, next() * 1e20, Math.round(next() * 1e4) / 1e4])
  const word = () => pick(next, ["car", "car # 4", "a\"b", "\u2028", "ü\u{1f600}", "", "\\", "\u0001", ...exact])
  const many = <A>(make: (index: number) => A) =>
    Array.from({ length: Math.floor(next() * 6) }, (_, index) => make(index))
  const points = () => Object.fromEntries(["p9", "p10", "p1", "p2"].map((name) => [name, { x: number(), y: number() }]))
  const common = () => ({
    _id: word(),
    label: word(),
    attributes: Object.fromEntries(
      many((index) => [word() + index, { value: next() < 0.5 ? word() : [word(), word()] }])
    )
  })
  return {
    data: {
      annotations: {
        rectangles: many(() => ({ ...common(), coordinates: [1, 2, 3, 4].map(() => ({ x: number(), y: number() })) })),
        polygons: many(() => ({ ...common(), points: points() })),
        lines: many(() => ({ ...common(), points: points() })),
        landmarks: many(() => ({ ...common(), points: points() }))
      }
    }
  }
}

describe("ResultDocument", () => {
  it.effect.each(samples)(
    "gives the rows of %s as often as they are read, at the same time too",
    (name) =>
      Effect.gen(function*() {
        const bytes = fixture(name)
        const inFile = { ...content(bytes), bytes: undefined }
        for (const [from, options] of [[content(bytes), whole], [inFile, whole], [inFile, scanned]] as const) {
          const document = yield* ResultDocument.open(from, options)
          const { rows } = yield* read(bytes, whole)
          const rowsOf = Effect.map(
            Stream.runCollect(document.rows(job)),
            (parts) => parts.flatMap((part) => part.rows)
          )
          yield* Stream.runDrain(Stream.take(document.rows(job), 1))
          for (const found of yield* Effect.all([rowsOf, rowsOf, rowsOf], { concurrency: "unbounded" })) {
            assert.deepStrictEqual(found, rows)
          }
          assert.deepStrictEqual(yield* rowsOf, rows)
        }
      })
  )

  it.effect.prop("never fails on any JSON value", [Schema.Json], ([value]) =>
    Effect.gen(function*() {
      for (const document of [value, { data: value }, { legend: value, url: "u" }, { annotation_data: value }]) {
        const { rows } = yield* read(encode(document), whole)
        assert.deepStrictEqual(rows, (yield* read(encode(document), scanned)).rows)
      }
    }), { arbitrary: { runs: scale(100, 300) } })

  it.effect.prop("never fails on any bytes", [
    Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
  ], ([
    bytes
  ]) =>
    Effect.gen(function*() {
      const one = yield* read(new Uint8Array(bytes), whole)
      const other = yield* read(content(new Uint8Array(bytes), [1, 2]), scanned)
      assert.deepStrictEqual(one, other)
    }), { arbitrary: { runs: scale(100, 300) } })

  it.effect.prop(
    "gives the same rows, media, problems, and files however it is read and split into chunks",
    [Seed, Schema.Json, Sizes, Schema.Boolean],
    ([seed, value, sizes, inputs]) =>
      Effect.gen(function*() {
        const document = disturb(parsed[seed % parsed.length], seed, value)
        const bytes = encodeExact(document, seed % 2)
        const one = yield* read(bytes, { ...whole, inputs })
        const cut = content(bytes, sizes)
        assert.deepStrictEqual(yield* read(cut, { ...scanned, inputs }), one)
        assert.deepStrictEqual(yield* read(cut, { ...scanned, inputs, scan: yield* arrived(cut, inputs) }), one)
      }),
    { arbitrary: { runs: scale(120, 1500) } }
  )

  it.effect.prop(
    "finds the same in a document that is damaged at any byte, however it is read and split into chunks",
    [Seed, Sizes],
    ([seed, sizes]) =>
      Effect.gen(function*() {
        const next = random(seed)
        const bytes = encode(parsed[seed % parsed.length])
        const marks = [...new TextEncoder().encode("\"\\{}[],: 0e-a\n"), 0, 0x80, 0xff, 0xc0]
        for (let damage = Math.floor(next() * 3); damage >= 0; damage--) {
          bytes[Math.floor(next() * bytes.length)] = pick(next, marks)
        }
        const one = yield* read(content(bytes, sizes), whole)
        for (const cut of [content(bytes, [1, 3]), content(bytes, sizes), content(bytes)]) {
          assert.deepStrictEqual(yield* read(cut, scanned), one)
          assert.deepStrictEqual(yield* read(cut, { ...scanned, scan: yield* arrived(cut, false) }), one)
        }
      }),
    { arbitrary: { runs: scale(60, 600) } }
  )

  it.effect("uses no scan of other bytes, or for other files", () =>
    Effect.gen(function*() {
      const bytes = fixture("video_segmentation.json")
      const cut = content(bytes)
      const one = yield* read(cut, { ...whole, inputs: true })
      for (const scan of [yield* arrived(content(bytes.subarray(1)), true), yield* arrived(cut, false)]) {
        assert.deepStrictEqual(yield* read(cut, { ...scanned, inputs: true, scan }), one)
      }
    }))

  it.effect.prop(
    "numbers rows without gaps, and each row and problem names a place that exists",
    [Seed, Schema.Json],
    ([seed, value]) =>
      Effect.gen(function*() {
        const document = asRead(disturb(parsed[seed % parsed.length], seed, value))
        const { attachments, media, problems, rows } = yield* read(encodeExact(document), { inputs: true })
        assert.deepStrictEqual(rows.map((row) => row.annotation_index), rows.map((_, index) => index))
        for (const row of rows) {
          assert.isDefined(resolve(document, row.source_path))
          assert.isObject(JSON.parse(row.attributes))
          assert.isTrue(typeof JSON.parse(row.geometry) === "object")
          if (row.point_labels !== null) assert.isArray(JSON.parse(row.point_labels))
          const input = row.media_index === null ? undefined : media[row.media_index]
          if (row.media_index !== null) assert.isDefined(input)
          if (input?.frame_index != null && row.frame_index !== null) {
            assert.strictEqual(input.frame_index, row.frame_index)
          }
          if (input?.sensor_id != null && row.sensor_id !== null) assert.strictEqual(input.sensor_id, row.sensor_id)
        }
        assert.deepStrictEqual(media.map((row) => row.media_index), media.map((_, index) => index))
        for (const { attachment_index, ego_pose, intrinsics, sensor_pose, url } of media) {
          for (const text of [ego_pose, intrinsics, sensor_pose]) if (text !== null) assert.isDefined(JSON.parse(text))
          assert.isNotNull(attachment_index)
          assert.strictEqual(attachments[attachment_index ?? -1]?.role === "input", url !== null)
        }
        for (const { path } of problems) assert.isDefined(resolve(document, path))
        assert.strictEqual(new Set(problems.map(({ path, reason }) => `${path} ${reason}`)).size, problems.length)
        for (const { sourcePath, url } of attachments) assert.strictEqual(resolve(document, sourcePath), url)
      }),
    { arbitrary: { runs: scale(100, 500) } }
  )

  it.effect.prop(
    "lets ids, labels, attributes and points be read back exactly",
    [Seed, Sizes],
    ([seed, sizes]) =>
      Effect.gen(function*() {
        const document = drawn(seed)
        for (const limit of [whole, scanned]) {
          const { problems, rows } = yield* read(content(encodeExact(document), sizes), limit)
          assert.deepStrictEqual(problems, [])
          assert.strictEqual(rows.length, Object.values(document.data.annotations).flat().length)
          for (const row of rows) {
            const source = asRead(resolve(document, row.source_path)) as {
              readonly _id: string
              readonly label: string
              readonly attributes: { readonly [name: string]: { readonly value: unknown } }
              readonly coordinates?: ReadonlyArray<{ readonly x: number; readonly y: number }>
              readonly points?: { readonly [name: string]: { readonly x: number; readonly y: number } }
            }
            assert.strictEqual(row.annotation_id, source._id === "" ? null : digitsOf(source._id))
            assert.strictEqual(row.label, digitsOf(source.label))
            const attributes = Object.entries(source.attributes).map(([name, { value }]) => [name, value] as const)
            assert.strictEqual(row.attributes, new TextDecoder().decode(encodeExact(Object.fromEntries(attributes))))
            const named = source.points
            const points = source.coordinates ??
              ["p1", "p2", "p9", "p10"].map((name) => named?.[name] ?? { x: NaN, y: NaN })
            assert.deepStrictEqual(JSON.parse(row.geometry), points.map(({ x, y }) => [x, y]))
            const xs = points.map(({ x }) => x)
            const ys = points.map(({ y }) => y)
            assert.deepStrictEqual(
              [row.x_min, row.x_max, row.y_min, row.y_max].map((value) => (value ?? NaN) + 0),
              [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)].map((value) => value + 0)
            )
          }
        }
      }),
    { arbitrary: { runs: scale(100, 300) } }
  )
})

import { assert, describe, it } from "@effect/vitest"
import { AnnotationModel } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import { parquetReadObjects } from "hyparquet"
import { readFileSync } from "node:fs"
import parquetjs from "parquetjs-lite"
import { isFull } from "../../../scripts/testScale.ts"
import { version } from "../src/ParquetSink.ts"
import { parts, query, rowsOf } from "./support/readers.ts"
import { record, row, sha256 } from "./support/records.ts"
import { run, temporary } from "./support/targets.ts"

/** Text that formats and readers get wrong. */
const texts = [
  "",
  "a",
  "😀",
  "\u{10FFFF}",
  "\uE000",
  "\uFFFD",
  "\uFEFFmark",
  "a\0b",
  "\0",
  "\u2028\u2029",
  "e\u0301",
  "é",
  "null",
  "NULL",
  "true",
  "007",
  "1e5",
  "2024-01-01",
  "'; DROP TABLE jobs; --",
  "\"quoted\"",
  "a,b\r\n\tc",
  "x".repeat(300),
  `${"x".repeat(300)}😀`,
  "\uD7FF".repeat(6),
  "\u{10FFFF}".repeat(10)
]

const numbers = [0, -0, 1, -1, 0.1, 1e308, -1e308, 5e-324, 2 ** 53, 2 ** 53 + 2, 1 / 3, null]

const made = texts.flatMap((text, at) =>
  numbers.map((number, index) => ({
    annotation_id: text,
    track_id: index % 3 === 0 ? null : text,
    frame_id: text,
    sensor_id: at % 2 === 0 ? text : null,
    label: text,
    instance: text,
    x_min: number,
    y_min: number,
    x_max: number,
    y_max: number,
    geometry: index === 0 ? "[]" : `[[9007199254740993,-0.0],[${JSON.stringify(text)},null]]`,
    attributes: JSON.stringify({ [text]: [text, null, {}], big: 1 }).replace("\"big\":1", "\"big\":9007199254740993"),
    color: text,
    label_key: index === 0 ? null : index === 1 ? -(2 ** 31) : 2 ** 31 - 1,
    source_path: `/${text}`
  }))
)

const job = record({ job: "job", rows: made, frames: 2 ** 31 - 1, tag: "😀" })
const empty = record({ job: "empty", rows: 0 })
const expected = made.map((special, index) => row("batch-1", "job", index, special))
const textColumns = (table: keyof typeof AnnotationModel.tables) =>
  AnnotationModel.tables[table].columns.filter(({ type }) => type === "text").map(({ name }) => name)

const compressions = ["zstd", "gzip", "snappy", "none"] as const

describe("values", () => {
  it.effect.each(compressions)(
    "are read back equal by DuckDB and hyparquet, with %s",
    (compression) =>
      Effect.gen(function*() {
        const directory = yield* temporary
        yield* run({ directory, compression, rowGroupRows: 100 }, [[job, empty]])
        assert.deepStrictEqual<unknown>(yield* rowsOf(directory, "annotations"), expected)
        // As bytes, since the client's own decoder drops a byte order mark.
        const { columns } = AnnotationModel.tables.annotations
        const isText = (type: AnnotationModel.ColumnType) => type === "text" || type === "json"
        const terms = columns.map(({ name, type }) => isText(type) ? `hex(${name}::VARCHAR)` : name)
        const found = yield* query(directory, `SELECT ${terms.join(", ")} FROM {annotations} ORDER BY annotation_index`)
        assert.deepStrictEqual(
          found,
          expected.map((row) =>
            columns.map(({ name, type }) => {
              const value = row[name]
              return isText(type) && typeof value === "string"
                ? Buffer.from(value).toString("hex").toUpperCase()
                : value
            })
          )
        )
        const [stored] = yield* rowsOf(directory, "jobs")
        assert.strictEqual(stored?.["frames"], 2 ** 31 - 1)
        assert.strictEqual(stored?.["bytes"], BigInt(job.document.size))
      })
  )

  // Statistics are of values, whatever they are compressed with: all are tried in the full matrix.
  it.effect.each(isFull ? compressions : compressions.slice(0, 1))(
    "are found by filters that DuckDB pushes down, in every text column, with %s",
    (compression) =>
      Effect.gen(function*() {
        const directory = yield* temporary
        // A row group a text: its statistics decide whether it is read at all.
        yield* run({ directory, compression, rowGroupRows: numbers.length }, [[job]])
        for (const name of textColumns("annotations")) {
          const counts = new Map<string, number>()
          for (const row of expected) {
            const value = row[name as "label"]
            if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1)
          }
          const condition = Array.from(
            counts.keys(),
            (text) => `(SELECT count(*)::INT FROM {annotations} WHERE ${name} = ${literal(text)})`
          )
          const [found] = yield* query(directory, `SELECT ${condition.join(", ")}`)
          assert.deepStrictEqual(found, [...counts.values()], name)
        }
        const above = expected.filter(({ label }) =>
          Buffer.compare(Buffer.from(label), Buffer.from("\uFFFD")) > 0
        ).length
        assert.deepStrictEqual(
          yield* query(directory, `SELECT count(*)::INT FROM {annotations} WHERE label > ${literal("\uFFFD")}`),
          [[above]]
        )
        assert.deepStrictEqual(yield* query(directory, "SELECT max(label), min(label) FROM {annotations}"), [
          ["\u{10FFFF}".repeat(10), ""]
        ])
      })
  )

  it.effect("of jobs and attachments are found by filters in every text column", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const records = texts.filter((text) => text !== "").map((text) =>
        record({ job: text, text, batch: "ünïcode/😀", nested: [text], tag: text, rows: 1 })
      )
      yield* run({ directory, rowGroupRows: 2 }, [records])
      for (const table of ["jobs", "attachments"] as const) {
        const rows = yield* rowsOf(directory, table)
        assert.strictEqual(rows.length, records.length)
        for (const name of textColumns(table)) {
          const values = [...new Set(rows.map((row) => row[name]))]
          const counts = values.map((value) => {
            const condition = value === null ? `${name} IS NULL` : `${name} = ${literal(value as string)}`
            return `(SELECT count(*)::INT FROM {${table}} WHERE ${condition})`
          })
          assert.deepStrictEqual(
            yield* query(directory, `SELECT ${counts.join(", ")}`),
            [values.map((value) => rows.filter((row) => row[name] === value).length)],
            name
          )
        }
      }
    }), 120_000)

  it.effect("keep the sign of zero, which a dictionary would lose", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const zeros = Array.from({ length: 1000 }, (_, index) => ({ x_min: index % 2 === 0 ? 0 : -0 }))
      yield* run({ directory }, [[record({ job: "a", rows: zeros })]])
      const rows = yield* rowsOf(directory, "annotations")
      assert.isTrue(rows.every(({ x_min }, index) => Object.is(x_min, index % 2 === 0 ? 0 : -0)))
      assert.deepStrictEqual(
        yield* query(directory, "SELECT count(*)::INT FROM {annotations} WHERE x_min::VARCHAR = '-0.0'"),
        [[500]]
      )
    }))

  it.effect("of geometry can be nested lists, null if they are no points", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const geometries = ["[[0.25,-0.0],[1,0.5]]", "[]", "{\"center\":{}}", "[[]]", "[[1,\"x\"]]"]
      yield* run({ directory, geometry: "points" }, [
        [record({ job: "a", rows: geometries.map((geometry) => ({ geometry })) })],
        [record({ job: "b" })]
      ])
      const points = [[[0.25, -0], [1, 0.5]], [], null, [[]], null]
      const rows = yield* rowsOf(directory, "annotations")
      assert.deepStrictEqual(rows.slice(0, 5).map(({ geometry }) => geometry ?? null), points)
      assert.deepStrictEqual(
        yield* query(
          directory,
          "SELECT geometry[1][1] FROM {annotations} WHERE job_id = 'a' ORDER BY annotation_index"
        ),
        [[0.25], [null], [null], [null], [null]]
      )
    }))

  it.effect("of a dataset written with gzip are read by parquetjs-lite", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory, compression: "gzip" }, [[job, empty]])
      const old = yield* Effect.promise(() => readOld(parts(directory, "annotations")[0]!))
      assert.strictEqual(old.length, expected.length)
      for (const [index, found] of old.entries()) {
        const { attributes: _text, geometry, ...rest } = expected[index]!
        const { attributes: _value, geometry: read, ...others } = found
        // It leaves nulls out and parses JSON, with what that does to large numbers.
        assert.deepStrictEqual(others, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)))
        assert.deepStrictEqual(read, JSON.parse(geometry))
      }
      for (const table of ["jobs", "attachments", "contents"] as const) {
        yield* Effect.promise(() => readOld(parts(directory, table)[0]!))
      }
    }))

  it.effect("come with statistics, page indexes, bloom filters and the writer's version", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      // The first fills a page of ids: 32,768 numbers of a dictionary.
      const jobs = [record({ job: "a", rows: 34_000 }), record({ job: "b", rows: 2000 })]
      yield* run({ directory, rowGroupRows: 35_000 }, [jobs], 32 * 1024 * 1024)
      const path = parts(directory, "annotations")[0]!
      const columns = yield* query(
        directory,
        `SELECT path_in_schema, row_group_id::INT, stats_min_value, stats_max_value, bloom_filter_offset IS NOT NULL,
          compression FROM parquet_metadata('${path}') WHERE path_in_schema IN ('job_id', 'label', 'type', 'x_min') ORDER BY 2, column_id`
      )
      assert.deepStrictEqual(columns.slice(0, 2), [
        ["job_id", 0, "a", "b", true, "ZSTD"],
        ["type", 0, "rectangle", "rectangle", false, "ZSTD"]
      ])
      assert.strictEqual(columns.length, 8)
      const metadata = yield* query(
        directory,
        `SELECT key::VARCHAR, value::VARCHAR FROM parquet_kv_metadata('${path}')`
      )
      assert.deepStrictEqual(metadata, [
        ["labelstream.version", version],
        ["labelstream.table", "annotations"],
        ["labelstream.source", "GT Studio"],
        ["labelstream.batch_id", "batch-1"]
      ])
      const bytes = readFileSync(path)
      let read = 0
      const file = {
        byteLength: bytes.length,
        slice: (start: number, end?: number) => {
          read += (end ?? bytes.length) - start
          return bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + (end ?? bytes.length))
        }
      }
      const filter = { job_id: { $eq: "b" } }
      const { decompressors } = yield* Effect.promise(() => import("../src/internal/part/codec.ts"))
      const options = { file, filter, columns: ["geometry"], compressors: decompressors }
      const whole = yield* Effect.promise(() => parquetReadObjects(options))
      const readWhole = read
      read = 0
      const paged = yield* Effect.promise(() => parquetReadObjects({ ...options, usePageIndex: true }))
      assert.strictEqual(whole.length, 2000)
      assert.deepStrictEqual(paged, whole)
      assert.isBelow(read, readWhole)
    }))

  it.effect("that UTF-8 cannot hold are rejected in ids and replaced elsewhere", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const { ParquetSink } = yield* Effect.promise(() => import("../src/index.ts"))
      const sink = yield* ParquetSink.make({ directory }).open
      const rejections = yield* sink.stage("t", [
        record({ job: "\uD800" }),
        record({ job: "b", batch: "\uDC00" }),
        record({ job: "fine", rows: [{ label: "a\uD800" }] })
      ])
      assert.deepStrictEqual(rejections.map(({ error, jobId }) => [jobId, error.reason]), [
        ["\uD800", "rejected"],
        ["b", "rejected"]
      ])
      yield* sink.commit("t")
      assert.deepStrictEqual((yield* rowsOf(directory, "annotations")).map(({ label }) => label), ["a\uFFFD"])
      assert.strictEqual((yield* rowsOf(directory, "jobs"))[0]?.["revision"], sha256("{\"data\":{\"job\":\"fine\"}}"))
    }))
})

/** A literal that DuckDB takes for any text: its parser stops at NUL. */
const literal = (text: string) =>
  text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`).join(" || chr(0) || ")

const readOld = async (path: string): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const reader = await parquetjs.ParquetReader.openFile(path)
  try {
    const cursor = reader.getCursor()
    const rows: Array<Record<string, unknown>> = []
    for (let row = await cursor.next(); row !== null; row = await cursor.next()) rows.push(row)
    return rows
  } finally {
    await reader.close()
  }
}

/** The consumer's guide is true: its columns are those of the model, and its queries give the same on both sinks. */
import { assert, describe, it, layer } from "@effect/vitest"
import { AnnotationModel, Convert, Export, LedgerMemory } from "@labelstream/core"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import * as Expected from "./support/expectedTables.ts"
import { exportTables, type Load } from "./support/exportedTables.ts"
import { temporaryFolder } from "./support/program.ts"
import { inDuckdb, inSqlite, type Rows } from "./support/queryTables.ts"
import { blocks, cells } from "./support/tablesPage.ts"

const code = (name: string) => `\`${name}\``

describe("the page about tables", () => {
  it("lists the tables with their keys", () => {
    assert.deepStrictEqual(
      cells("## Tables"),
      Object.entries(AnnotationModel.tables).map(([name, { description, key }]) => [
        code(name),
        key.map(code).join(", "),
        description.replace("one row per ", "")
      ])
    )
  })

  it.each(Object.entries(AnnotationModel.tables))(
    "describes each column as the model does: %s",
    (name, { columns }) => {
      assert.deepStrictEqual(
        cells(`### ${name}`),
        columns.map((column) => [
          code(column.name),
          column.nullable ? `${column.type}, null` : column.type,
          column.description ?? "a column needs a description"
        ])
      )
    }
  )
})

class Exported extends Context.Service<Exported, { readonly folder: string; readonly loads: ReadonlyArray<Load> }>()(
  "Exported"
) {
  static readonly layer = Layer.effect(
    Exported,
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      return { folder, loads: yield* exportTables(folder) }
    })
  )
}

/** The only query below a heading of the page, or the one at a position. */
const query = (heading: string, at = 0): string =>
  blocks("sql").filter((block) => block.heading === heading)[at]?.text ?? assert.fail(`no query below ${heading}`)

const sorted = (rows: Rows): Rows => rows.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

const rounded = (value: unknown): number => Math.round(Number(value) * 1e6) / 1e6

layer(Exported.layer, { excludeTestServices: true, timeout: 300_000 })("a query of the page", (it) => {
  it.effect.each(blocks("sql"))(
    "gives the same rows in SQLite and DuckDB: $heading",
    ({ text }) =>
      Effect.gen(function*() {
        const { folder } = yield* Exported
        const rows = inSqlite(join(folder, "labels.db"), text)
        assert.isAbove(rows.length, 0)
        assert.deepStrictEqual(yield* inDuckdb(folder, text), rows)
      })
  )

  const finds = (heading: string, check: (rows: Rows, loads: ReadonlyArray<Load>) => void, at = 0) =>
    it.effect(`finds what the documents hold: ${heading}${at === 0 ? "" : `, ${at + 1}`}`, () =>
      Effect.gen(function*() {
        const { folder, loads } = yield* Exported
        check(inSqlite(join(folder, "labels.db"), query(heading, at)), loads)
      }))

  finds("Count labels", (rows, loads) => {
    assert.deepStrictEqual(sorted(rows.map(([label, count]) => [label, count])), sorted(Expected.labels(loads)))
  })

  finds("Measure boxes in pixels", (rows, loads) => {
    const found = Map.groupBy(Expected.boxes(loads), ({ label }) => label)
    const expected = Array.from(found, ([label, boxes]) => {
      const areas = boxes.map(({ height, width }) => height * width)
      const small = areas.filter((area) => area < 1024).length
      const large = areas.filter((area) => area >= 9216).length
      return [label, boxes.length, small, boxes.length - small - large, large]
    })
    assert.deepStrictEqual(
      sorted(rows.map(([label, count, , , ...bySize]) => [label, count, ...bySize])),
      sorted(expected)
    )
  })

  finds("Find jobs without annotations", (rows, loads) => {
    assert.deepStrictEqual(sorted(rows.map(([batch, job]) => [batch, job])), sorted(Expected.emptyJobs(loads)))
  })

  finds("Measure tracks", (rows, loads) => {
    const found = rows.map(([batch, job, track, , frames]) => [batch, job, track, frames])
    assert.deepStrictEqual(sorted(found), sorted(Expected.tracks(loads)))
  })

  finds("Compare the class balance of batches", (rows, loads) => {
    const found = rows.map(([batch, label, count]) => [batch, label, count])
    assert.deepStrictEqual(sorted(found), sorted(Expected.labelsByBatch(loads)))
    const percents = rows.filter(([batch]) => batch === "night").map(([, , , percent]) => Number(percent))
    assert.closeTo(percents.reduce((sum, percent) => sum + percent, 0), 100, 1)
  })

  finds("Read what arrived since a date", (rows, loads) => {
    const later = loads.filter(({ startedAt }) => startedAt >= "2026-11-24")
    assert.deepStrictEqual(sorted(rows), sorted(Expected.labelsByBatch(later)))
  })

  finds("Read what arrived since a date", (rows, loads) => {
    assert.deepStrictEqual(
      rows.map(([, startedAt, jobs]) => [startedAt, jobs]),
      loads.slice(1).map(({ batchId, simulator, startedAt }) => [startedAt, [...simulator.jobs(batchId)].length])
    )
  }, 1)

  finds("Get boxes on named images", (rows, loads) => {
    const expected = Expected.boxes(loads).map((
      { height, label, url, width, x, y }
    ) => [url, label, ...[x, y, width, height].map(rounded)])
    const found = rows.map(([url, label, ...numbers]) => [url, label, ...numbers.map(rounded)])
    assert.deepStrictEqual(sorted(found), sorted(expected))
  })

  finds("Find jobs with the same reference id", (rows, loads) => {
    assert.deepStrictEqual(rows.map(([id, jobs]) => [id, jobs]), sorted(Expected.sharedReferences(loads)))
  })

  it.effect("finds what the documents hold: Find masks that hold a class", () =>
    Effect.gen(function*() {
      const { folder, loads } = yield* Exported
      const file = join(folder, "labels.db")
      const urls = new Map(inSqlite(file, "SELECT path, url FROM attachments").map(([path, url]) => [path, url]))
      const found = new Set(inSqlite(file, query("Find masks that hold a class")).map(([path]) => urls.get(path)))
      assert.deepStrictEqual(found, new Set(Expected.masksWith(loads, "car")))
    }))

  it.effect("finds problems, the same in a file that a dataset was converted to", () =>
    Effect.gen(function*() {
      const { folder } = yield* Exported
      const [problems] = blocks("sql sqlite")
      const text = problems?.text ?? ""
      const found = inSqlite(join(folder, "labels.db"), text)
      assert.deepStrictEqual(found.map(([batch, , path]) => [batch, path]), [
        ["torn", "/data/annotations/rectangles/0"],
        ["torn", "/data/annotations/rectangles/1"]
      ])
      const converted = join(folder, "problems.db")
      yield* Effect.gen(function*() {
        const conversion = yield* Convert.make({
          from: ParquetSink.make({ directory: join(folder, "dataset") }),
          to: [SqliteSink.make({ file: converted })]
        })
        const report = yield* Export.run(conversion.export).pipe(Effect.provide(conversion.context))
        assert.isTrue(report.complete)
      }).pipe(Effect.provide(LedgerMemory.layer))
      assert.deepStrictEqual(inSqlite(converted, text), found)
    }))

  it.effect("has only views that both have, with the columns that the page names", () =>
    Effect.gen(function*() {
      const { folder } = yield* Exported
      const file = join(folder, "labels.db")
      const names = inSqlite(file, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name").map(([name]) =>
        name
      )
      assert.deepStrictEqual(cells("## Views").map(([name = ""]) => name.slice(1, -1)).sort(), names)
      for (const [name = "", description = ""] of cells("## Views")) {
        const columns = Array.from(description.matchAll(/`(\w+)`/g), ([, column]) => column).join(", ") || "*"
        const select = `SELECT ${columns} FROM ${name.slice(1, -1)} LIMIT 1`
        assert.lengthOf(inSqlite(file, select), 1, name)
        assert.lengthOf(yield* inDuckdb(folder, select), 1, name)
      }
    }))

  it.effect("reads a table of a dataset without its views", () =>
    Effect.gen(function*() {
      const { folder, loads } = yield* Exported
      const [files] = blocks("sql duckdb")
      const rows = yield* inDuckdb(folder, files?.text ?? "")
      const found = Map.groupBy(Expected.boxes(loads), ({ label }) => label)
      assert.deepStrictEqual(sorted(rows), sorted(Array.from(found, ([label, boxes]) => [label, boxes.length])))
    }))
})

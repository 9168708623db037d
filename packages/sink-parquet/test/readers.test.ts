/** A dataset's tables are folders that other programs read as they stand, whatever the ids of batches look like. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ParquetSink } from "../src/index.ts"
import { columnsOf, tableNames } from "../src/internal/tables.ts"
import { connect } from "./support/duckdb.ts"
import { parts, rowsOf } from "./support/readers.ts"
import { jobs, record } from "./support/records.ts"
import { guarded, inspected, run, store, systemError, temporary, tree, unsynced } from "./support/targets.ts"

/** Each set is its own dataset: readers guess a type from all ids together. */
const idSets: Readonly<Record<string, ReadonlyArray<string>>> = {
  numbers: ["007", "12"],
  "long numbers": ["99999999999999999999", "1"],
  "numbers and words": ["7", "abc", "1.5"],
  dates: ["2024-01-01", "2024-02-30"],
  "moments and dates": ["2024-01-01 10:00:00", "2024-01-01"],
  "words of readers": ["null", "nan", "true", "__HIVE_DEFAULT_PARTITION__", ""],
  "long names": ["é".repeat(100), `${"é".repeat(100)}a`, "x".repeat(300), `😀${"€".repeat(99)}`, "a".repeat(249)],
  "signs of paths": ["a/b", "a%2Fb", "a=b", "..", ".a", "_a", "~none", "é", "#?*"]
}

const stored = Effect.fnUntraced(function*(ids: ReadonlyArray<string>) {
  const directory = join(yield* temporary, "data set")
  const records = ids.flatMap((
    batch
  ) => [record({ job: "a", batch, rows: 1, media: [{}] }), record({ job: "b", batch, rows: 1, media: [{}] })])
  yield* run({ directory }, [records])
  return { directory, expected: ids.flatMap((id) => [[id, "a"], [id, "b"]]).sort(byText) }
})

const byText = (one: ReadonlyArray<string>, other: ReadonlyArray<string>) =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1

/** What DuckDB reads, with its own defaults and each option. */
const duckdb = (directory: string, table: string, options: string, columns: string) =>
  Effect.promise(async () => {
    const from = `read_parquet('${directory}/${table}/**/*.parquet'${options})`
    const read = await (await connect()).runAndReadAll(`SELECT ${columns} FROM ${from}`)
    return read.getRowsJS() as Array<Array<string>>
  })

describe("a table's folder", () => {
  it.effect.each(Object.keys(idSets))(
    "holds Parquet files alone, whose paths readers make no columns of: %s",
    (set) =>
      Effect.gen(function*() {
        const { directory } = yield* stored(idSets[set]!)
        for (const table of tableNames) {
          const names = readdirSync(join(directory, table), { recursive: true, encoding: "utf8" })
          for (const name of names) {
            assert.match(name, /^batch-[a-z0-9_.%~A-F-]*(?:\/part-[0-9]{6}\.parquet)?$/)
            assert.isAtMost(name.split("/")[0]!.length, 255)
          }
        }
      })
  )

  it.effect("holds nothing else at any operation of a commit, a rework or its taking back", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      let renames = 0
      const fs = guarded(({ args, name }) => {
        for (const table of tableNames) {
          if (!existsSync(join(directory, table))) continue
          for (const found of readdirSync(join(directory, table), { recursive: true, encoding: "utf8" })) {
            assert.match(found, /^batch-[a-z0-9-]+(?:\/part-[0-9]{6}\.parquet)?$/)
          }
        }
        if (name === "rename" && String(args[1]).includes("part-") && ++renames === 21) throw systemError("EIO")
      })
      const sink = yield* ParquetSink.makeWith({ directory }, fs).open
      yield* store(sink, "one", jobs(0, 3))
      yield* store(sink, "two", [...jobs(1, 2, 5), ...jobs(3, 4, 1, "batch-2")])
      yield* Effect.exit(store(sink, "three", jobs(0, 5, 2)))
      assert.isAbove(renames, 21)
    }))

  it.effect.each(Object.keys(idSets))(
    "is read by DuckDB, with its defaults and with and without Hive: %s",
    (set) =>
      Effect.gen(function*() {
        const { directory, expected } = yield* stored(idSets[set]!)
        for (const options of ["", ", hive_partitioning = true", ", hive_partitioning = false"]) {
          for (const table of tableNames) {
            const ids = yield* duckdb(directory, table, options, "DISTINCT batch_id, job_id")
            if (table !== "attachments") assert.deepStrictEqual(ids.sort(byText), expected, `${table}${options}`)
          }
        }
      })
  )
})

/** The Python that people's readers are tried with: PYTHON, or `python3`. */
const python = process.env["PYTHON"] ?? "python3"
const libraryOf = (reader: string) => reader === "pandas" ? "pandas, pyarrow" : reader.split(" ")[0]!
const has = (library: string) => spawnSync(python, ["-c", `import ${library}`]).status === 0

interface Read {
  readonly columns: ReadonlyArray<string>
  readonly ids: Array<Array<string>>
}

const read = (reader: string, folders: ReadonlyArray<string>) => {
  const script = join(import.meta.dirname, "support", "readFolder.py")
  const { status, stderr, stdout } = spawnSync(python, [script, reader, ...folders], { encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
  return JSON.parse(stdout) as ReadonlyArray<Read>
}

describe.each(["pandas", "pyarrow", "pyarrow with hive partitioning", "polars"])("%s", (reader) => {
  const isThere = has(libraryOf(reader))
  const why = isThere ? "" : ` (NOT CHECKED: ${python} has no ${libraryOf(reader)}; set PYTHON to one that has)`

  it.effect.skipIf(!isThere)(
    `reads every table as a folder, with batch_id as text${why}`,
    () =>
      Effect.gen(function*() {
        const datasets = yield* Effect.forEach(Object.values(idSets), stored)
        const tables = ["jobs", "annotations", "contents"]
        const folders = datasets.flatMap(({ directory }) => tables.map((table) => join(directory, table)))
        for (const [index, { ids }] of read(reader, folders).entries()) {
          assert.deepStrictEqual(
            ids.sort(byText),
            datasets[Math.floor(index / tables.length)]!.expected,
            folders[index]
          )
        }
      }),
    120_000
  )

  it.effect.skipIf(!isThere)(`reads tables without rows, with their columns${why}`, () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [])
      const found = read(reader, tableNames.map((table) => join(directory, table)))
      for (const [index, { columns, ids }] of found.entries()) {
        assert.deepStrictEqual(ids, [])
        assert.deepStrictEqual(columns, columnsOf(tableNames[index]!, "json").map(({ name }) => name))
      }
    }), 60_000)
})

describe("a run that stored nothing", () => {
  it.effect("leaves tables without rows, which the first jobs replace", () =>
    Effect.gen(function*() {
      const [directory, direct] = [yield* temporary, yield* temporary]
      for (const geometry of ["points", "json", "json"] as const) {
        yield* run({ directory, geometry }, [])
        for (const table of tableNames) {
          assert.strictEqual(parts(directory, table).length, 1)
          assert.deepStrictEqual(yield* rowsOf(directory, table), [])
          assert.deepStrictEqual(yield* duckdb(directory, table, "", "count(*)::INT"), [[0 as unknown as string]])
        }
        assert.deepStrictEqual(yield* inspected(directory), [])
      }
      yield* run({ directory }, [jobs(0, 3)])
      yield* run({ directory: direct }, [jobs(0, 3)])
      assert.deepStrictEqual(tree(directory), tree(direct))
      assert.isTrue((yield* inspected(directory)).every(({ _tag }) => _tag === "Intact"))
    }))

  it.effect("reports anything else next to them as not the sink's", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run({ directory }, [])
      renameSync(parts(directory, "jobs")[0]!, join(directory, "jobs", "part-000001.parquet"))
      assert.deepStrictEqual(yield* inspected(directory), [
        { _tag: "Extra", path: "jobs/part-000001.parquet" }
      ])
    }))
})

describe("a dataset of an earlier layout", () => {
  it.effect("is refused with what to do, and left unchanged", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      mkdirSync(join(directory, "manifest", "batch_id=7"), { recursive: true })
      writeFileSync(join(directory, "manifest", "batch_id=7", "part-000001.ndjson"), "")
      const before = tree(directory)
      const sink = ParquetSink.makeWith({ directory }, unsynced)
      for (const step of [sink.check, Effect.scoped(Effect.asVoid(sink.open)), Effect.asVoid(inspected(directory))]) {
        const error = yield* Effect.flip(step)
        assert.strictEqual(error.reason, "conflict")
        assert.include(error.detail, directory)
        assert.include(error.detail, "export into another folder")
      }
      assert.deepStrictEqual(tree(directory), before)
    }))
})

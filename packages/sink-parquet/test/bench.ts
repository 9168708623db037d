/**
 * Rows a second of the sink against the bare writer and DuckDB's COPY, on the same rows: `node test/bench.ts [rounds]`.
 * A million annotation rows in 20,000 jobs, zstd, row groups of 50,000, no contents. Sizes and medians at the end.
 */
import { DuckDBInstance } from "@duckdb/node-api"
import { AnnotationModel, type JobSink } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fileWriter, ParquetWriter } from "hyparquet-writer"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ParquetSink } from "../src/index.ts"
import { compressors } from "../src/internal/codec.ts"
import { columnsOf, schemaOf } from "../src/internal/tables.ts"
import { jobs, row } from "./support/records.ts"

const jobCount = 20_000
const rowsPerJob = 50
const perCommit = 5000
const columns = AnnotationModel.tables.annotations.columns

let seed = 1
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
const rowsOf = (batchId: string, jobId: string): ReadonlyArray<AnnotationModel.AnnotationRow> => {
  seed = Number.parseInt(jobId.slice(4), 10) + 1
  return Array.from({ length: rowsPerJob }, (_, index) => {
    const [x, y, w, h] = [random(), random(), random() / 5, random() / 5]
    return row(batchId, jobId, index, {
      annotation_id: `${jobId}-${(random() * 1e9).toFixed(0)}`,
      x_min: x,
      y_min: y,
      x_max: x + w,
      y_max: y + h,
      geometry: JSON.stringify([[x, y], [x + w, y + h]]),
      attributes: `{"occluded":"${random() > 0.5 ? "yes" : "no"}"}`
    })
  })
}

const commits = function*(): Generator<ReadonlyArray<JobSink.JobRecord>> {
  for (let at = 0; at < jobCount; at += perCommit) {
    yield jobs(at, at + perCommit, 0).map((record) => ({
      ...record,
      parsed: {
        ...record.parsed,
        rows: ({ batchId, jobId }) => Stream.make({ rows: rowsOf(batchId, jobId), problems: [] })
      }
    }))
  }
}

const making = () => {
  let count = 0
  for (const records of commits()) for (const { batchId, jobId } of records) count += rowsOf(batchId, jobId).length
  return count
}

const sink = (directory: string) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const open = yield* ParquetSink.make({ directory, keep: "none" }).open
    let token = 0
    for (const records of commits()) {
      yield* open.stage(String(token), records)
      yield* open.commit(String(token++))
    }
    yield* open.finish({ completed: true })
  })))

const bare = (directory: string) => {
  const writer = fileWriter(join(directory, "bare.parquet"))
  const parquet = new ParquetWriter({
    writer,
    schema: schemaOf(columnsOf("annotations", "json")),
    codec: "ZSTD",
    compressors
  })
  let held: Array<Array<unknown>> = columns.map(() => [])
  for (const records of commits()) {
    for (const { batchId, jobId } of records) {
      for (const row of rowsOf(batchId, jobId)) columns.forEach(({ name }, index) => held[index]!.push(row[name]))
      if (held[0]!.length < 50_000) continue
      void parquet.write({
        columnData: columns.map(({ name }, index) => ({ name, data: held[index]! })),
        rowGroupSize: 50_000
      })
      held = columns.map(() => [])
    }
  }
  void parquet.finish()
}

const duck = async (directory: string) => {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
  const types = { text: "VARCHAR", json: "VARCHAR", int32: "INTEGER", int64: "BIGINT", double: "DOUBLE" }
  await connection.run(`CREATE TABLE t (${columns.map(({ name, type }) => `"${name}" ${types[type]}`).join(", ")})`)
  const appender = await connection.createAppender("t")
  for (const records of commits()) {
    for (const { batchId, jobId } of records) {
      for (const row of rowsOf(batchId, jobId)) {
        for (const { name, type } of columns) {
          const value = row[name]
          if (value === null) appender.appendNull()
          else if (type === "int32") appender.appendInteger(value as number)
          else if (type === "double") appender.appendDouble(value as number)
          else appender.appendVarchar(value as string)
        }
        appender.endRow()
      }
    }
  }
  appender.closeSync()
  await connection.run(`COPY t TO '${directory}/duck.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 50000)`)
  connection.closeSync()
}

const sizeOf = (directory: string) =>
  readdirSync(directory, { recursive: true }).map(String).filter((name) => name.endsWith(".parquet"))
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)

const times = new Map<string, Array<number>>()
const measure = async (name: string, work: (directory: string) => unknown) => {
  const directory = mkdtempSync(join(tmpdir(), "labelstream-bench-"))
  const start = performance.now()
  await work(directory)
  const seconds = (performance.now() - start) / 1000
  const list = times.get(name) ?? []
  times.set(name, [...list, seconds])
  console.log(name, seconds.toFixed(2), "s", (sizeOf(directory) / 1e6).toFixed(1), "MB")
  rmSync(directory, { recursive: true })
}

for (let round = 0; round < Number(process.argv[2] ?? 3); round++) {
  await measure("making the rows", making)
  await measure("bare hyparquet-writer", bare)
  await measure("sink", sink)
  await measure("DuckDB appender and COPY", duck)
}
for (const [name, list] of times) {
  const median = list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!
  console.log(name, Math.round(jobCount * rowsPerJob / median / 1000), "thousand rows a second")
}

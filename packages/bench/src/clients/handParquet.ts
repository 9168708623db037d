/** The annotation rows into one file with hyparquet-writer alone. */
import type { AnnotationModel } from "@labelstream/core"
import { ParquetSink } from "@labelstream/sink-parquet"
import { fileWriter, ParquetWriter } from "hyparquet-writer"
import { join } from "node:path"
import { zstdCompressSync } from "node:zlib"
import type { Run } from "../harness/client.ts"
import { batches, columns, rowsPerJob } from "../support/rows.ts"

const groupRows = 50_000

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number]

const typeOf = (type: AnnotationModel.ColumnType): Partial<SchemaElement> => {
  if (type === "int32") return { type: "INT32" }
  if (type === "double") return { type: "DOUBLE" }
  return { type: "BYTE_ARRAY", ...(type === "text" ? { converted_type: "UTF8" } : {}) }
}

export const run: Run<{ readonly folder: string; readonly jobs: number }> = async ({ folder, jobs }, stopwatch) => {
  const parquet = new ParquetWriter({
    writer: fileWriter(join(folder, "bare.parquet")),
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.map(({ name, nullable, type }): SchemaElement => ({
        name,
        repetition_type: nullable ? "OPTIONAL" : "REQUIRED",
        ...typeOf(type)
      }))
    ],
    codec: "ZSTD",
    compressors: { ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes) }
  })
  let held: Array<Array<unknown>> = columns.map(() => [])
  const writeHeld = () => {
    void parquet.write({
      columnData: columns.map(({ name }, index) => ({ name, data: held[index]! })),
      rowGroupSize: groupRows
    })
    held = columns.map(() => [])
  }
  for (const batch of batches(jobs, ParquetSink.capabilities.batch.maxRecords)) {
    await stopwatch.run(() => {
      for (const { rows } of batch) {
        for (const row of rows) columns.forEach(({ name }, index) => held[index]!.push(row[name]))
        if (held[0]!.length >= groupRows) writeHeld()
      }
    })
  }
  await stopwatch.run(() => {
    if (held[0]!.length > 0) writeHeld()
    void parquet.finish()
  })
  return { rows: jobs * rowsPerJob }
}

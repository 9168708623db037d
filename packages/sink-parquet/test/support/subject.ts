/** What the conformance kit needs to know of this sink, and DuckDB as the reader of what it stores. */
import { AnnotationModel } from "@labelstream/core/sink"
import type { ListedFile, StoredJob } from "@labelstream/sink-testkit"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ParquetSink } from "../../src/index.ts"
import { connect } from "./duckdb.ts"

export const make = (target: string) => ParquetSink.make({ directory: target })

const filesUnder = (target: string, folder: string, ending: string): ReadonlyArray<string> => {
  const path = join(target, folder)
  const names = existsSync(path) ? readdirSync(path, { recursive: true, encoding: "utf8" }) : []
  return names.filter((name) => name.endsWith(ending)).map((name) => join(path, name))
}

/** The client drops a byte order mark at the start of a text, so queries put a `=` in front. */
const text = (column: string) => `'=' || ${column}::VARCHAR`
const textOf = (value: unknown) => typeof value === "string" ? value.slice(1) : value

const query = async (target: string, table: string, columns: string): Promise<ReadonlyArray<Array<unknown>>> => {
  if (filesUnder(target, table, ".parquet").length === 0) return []
  // Long ids are in the files alone.
  const files = `read_parquet('${join(target, table)}/**/*.parquet', hive_partitioning = false)`
  const rows = (await (await connect()).runAndReadAll(`SELECT ${columns} FROM ${files}`)).getRowsJS()
  return rows.map((values) => values.map(textOf))
}

/** All rows of a table of the model. */
const rowsOf = async <Row>(target: string, name: "annotations" | "media"): Promise<ReadonlyArray<Row>> => {
  const { columns } = AnnotationModel.tables[name]
  const select = columns.map(({ name, type }) => type === "text" || type === "json" ? text(name) : name)
  return (await query(target, name, select.join(", "))).map((values) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, values[index]])) as Row
  )
}

const ids = `${text("batch_id")}, ${text("job_id")}`

interface Found {
  readonly batchId: string
  readonly jobId: string
  readonly rows: Array<AnnotationModel.AnnotationRow>
  readonly media: Array<AnnotationModel.MediaRow>
  readonly contents: Array<Array<Uint8Array>>
}

const jobsIn = async (target: string): Promise<ReadonlyArray<StoredJob>> => {
  const keyOf = (batch: unknown, job: unknown) => JSON.stringify([batch, job])
  const found = new Map<string, Found>()
  for (const [batch, job] of await query(target, "jobs", ids)) {
    const key = keyOf(batch, job)
    if (found.has(key)) throw new Error(`job ${key} is there twice`)
    found.set(key, { batchId: String(batch), jobId: String(job), rows: [], media: [], contents: [] })
  }
  const of = (batch: unknown, job: unknown): Found => {
    const known = found.get(keyOf(batch, job))
    if (known === undefined) throw new Error(`there are rows of ${keyOf(batch, job)}, which is not in jobs`)
    return known
  }
  for (const row of await rowsOf<AnnotationModel.AnnotationRow>(target, "annotations")) {
    of(row.batch_id, row.job_id).rows[row.annotation_index] = row
  }
  for (const row of await rowsOf<AnnotationModel.MediaRow>(target, "media")) {
    of(row.batch_id, row.job_id).media[row.media_index] = row
  }
  for (
    const [batch, job, index, chunk, bytes] of await query(target, "contents", `${ids}, attachment_index, chunk, bytes`)
  ) {
    const chunks = of(batch, job).contents[index === null ? 0 : (index as number) + 1] ??= []
    chunks[chunk as number] = bytes as Uint8Array
  }
  return Array.from(found.values(), ({ batchId, contents, jobId, media, rows }) => {
    const [document, ...attachments] = contents.map((chunks) => Buffer.concat(chunks))
    if (document === undefined) throw new Error(`${jobId} has no document`)
    return { batchId, jobId, document, attachments, rows, media }
  })
}

export const readBack = (target: string) => Effect.tryPromise(() => jobsIn(target))

/** The files that the last lines of the manifests list. */
export const manifest = (target: string) =>
  Effect.try(() =>
    filesUnder(target, "manifest", ".ndjson").flatMap((path) => {
      const last = readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? ""
      return (JSON.parse(last) as { readonly files: ReadonlyArray<ListedFile> }).files
    })
  )

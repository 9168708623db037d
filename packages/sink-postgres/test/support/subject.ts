/**
 * What the conformance kit needs to know of this sink, and its own reader for what it stores: plain SQL and zstd, as
 * the docs page describes. A target is a schema of the server that the test run has started.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { AnnotationModel, type Table } from "@labelstream/core/sink"
import type { StoredJob } from "@labelstream/sink-testkit"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { zstdDecompressSync } from "node:zlib"
import { PostgresSink } from "../../src/index.ts"
import { proxyTo } from "./proxy.ts"
import { url } from "./server.ts"

const proxy = await proxyTo(new URL(Redacted.value(url)))

/** The same server, by a way that can be cut. */
const throughProxy = Redacted.make(proxy.url)

export const outage = () => proxy.outage

/** The schema of a target. */
export const schemaOf = (target: string) => `t${createHash("sha256").update(target).digest("hex").slice(0, 16)}`

// The server does not sync, so that tests are fast.
export const make = (target: string) =>
  PostgresSink.make({ url: throughProxy, schema: schemaOf(target), durability: "process" })

type Row = Readonly<Record<string, unknown>>

/** One session for all that tests ask: a new one takes longer than most of their questions. */
const session = Effect.runPromise(Scope.provide(PgConnection.make({ url }), Scope.makeUnsafe()))

/** Runs statements in the schema of a target, one after the other; answers the rows of each. */
export const run = (target: string, statements: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const db = yield* (yield* Effect.promise(() => session)).pin
    yield* db.query(`SET search_path TO ${schemaOf(target)}`)
    return yield* Effect.forEach(
      statements,
      (sql) => Effect.map(db.query(sql, [], false), ({ rows }): ReadonlyArray<Row> => rows)
    )
  }))

const change = (sql: string) => (target: string) => run(target, [sql])

/** Ways to damage what is stored of some jobs. */
export const damages = {
  "a document removed": change("DELETE FROM documents WHERE job_id = 'job-1'"),
  "a document changed": change("UPDATE documents SET bytes = '\\x00' WHERE job_id = 'job-1'"),
  "annotations removed": change("DELETE FROM annotations WHERE job_id = 'job-2'"),
  "a job's row removed": change("DELETE FROM jobs WHERE job_id = 'job-4'"),
  "files removed": change("DELETE FROM files WHERE job_id = 'job-3'"),
  "a row of media removed": change("DELETE FROM media WHERE job_id = 'job-3' AND media_index = 0"),
  "an attachment's row removed": change("DELETE FROM attachments WHERE job_id = 'job-3' AND attachment_index = 1")
}

/** The id that a key column holds: ids that UTF-8 or PostgreSQL has no form for are U+FFFD, `~`, and their JSON text. */
const idOf = (text: string): string => text.startsWith("\ufffd~") ? JSON.parse(text.slice(2)) as string : text

const contents = `SELECT batch_id, job_id, NULL AS attachment_index, chunk, codec, bytes FROM documents
  UNION ALL SELECT batch_id, job_id, attachment_index, chunk, codec, bytes FROM files
  ORDER BY batch_id, job_id, attachment_index NULLS FIRST, chunk`

const all = ({ columns, key }: Table.AnyTable, name: string) => {
  // As text, JSON keeps digits that JavaScript's numbers have no room for.
  const each = columns.map(({ name, type }) => type === "json" ? `${name}::text AS ${name}` : name)
  return `SELECT ${each.join(", ")} FROM ${name} ORDER BY ${key.join(", ")}`
}

/** A row as the model has it: integers as numbers. */
const modelRow = <Of>({ columns }: Table.Table<Of>, row: Row): Of =>
  Object.fromEntries(columns.map(({ name, type }) => {
    const value = row[name]
    return [name, value !== null && type === "int64" ? Number(value) : value]
  })) as Of

const { annotations, media } = AnnotationModel.tables

export const readBack = (target: string) =>
  Effect.gen(function*() {
    const [found] = yield* run(target, [
      `SELECT count(*) AS tables FROM information_schema.tables WHERE table_schema = '${schemaOf(target)}'`
    ])
    if (Number(found?.[0]?.["tables"]) === 0) return []
    const [, jobs = [], annotationRows = [], mediaRows = [], chunks = []] = yield* run(target, [
      "BEGIN ISOLATION LEVEL REPEATABLE READ",
      "SELECT batch_id, job_id FROM jobs",
      all(annotations, "annotations"),
      all(media, "media"),
      contents,
      "COMMIT"
    ])
    const byKey = new Map(jobs.map((row) => [keyOf(row), {
      rows: [] as Array<AnnotationModel.AnnotationRow>,
      media: [] as Array<AnnotationModel.MediaRow>,
      contents: [] as Array<Array<Uint8Array>>
    }]))
    const of = (row: Row) => {
      const job = byKey.get(keyOf(row))
      if (job === undefined) throw new Error(`rows of ${String(row["job_id"])}, which is not in jobs`)
      return job
    }
    const withIds = (row: Row) => ({
      ...row,
      batch_id: idOf(String(row["batch_id"])),
      job_id: idOf(String(row["job_id"]))
    })
    for (const row of annotationRows) of(row).rows.push(modelRow(annotations, withIds(row)))
    for (const row of mediaRows) of(row).media.push(modelRow(media, withIds(row)))
    for (const row of chunks) {
      const index = row["attachment_index"] === null ? 0 : Number(row["attachment_index"]) + 1
      const bytes = row["bytes"] as Uint8Array
      const parts = of(row).contents[index] ??= []
      parts.push(row["codec"] === "zstd" ? zstdDecompressSync(bytes) : bytes)
    }
    return Array.from(byKey, ([key, job]): StoredJob => {
      const [batchId, jobId] = JSON.parse(key) as [string, string]
      const [document, ...attachments] = job.contents.map((parts) => Buffer.concat(parts))
      if (document === undefined) throw new Error(`${jobId} has no document`)
      return { batchId, jobId, document, attachments, rows: job.rows, media: job.media }
    })
  })

const keyOf = (row: Row) => JSON.stringify([idOf(String(row["batch_id"])), idOf(String(row["job_id"]))])

/** Writes the rows of a batch inside the open transaction, in place of all earlier rows of its jobs. */
import { type Content, type JobSink, type ResultDocument, type Table, TableRows } from "@labelstream/core/sink"
import { Chunks, type DatabaseOptions, DatabaseTables, Failure, StoredId } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { Connection } from "./connection.ts"
import { Insertion } from "./insertion.ts"
import { joined, list, quoted } from "./statements.ts"
import { tables } from "./tables.ts"

const { jobKey, tableNames } = DatabaseTables

/** What can go wrong: a record that cannot be stored, or the database. */
export type Fault = SqlError | Failure.Problem

/** Statements in flight: the server has the next one when it is done with one. */
const mostSent = 2

type Rows = { readonly [Name in DatabaseTables.TableName]: Insertion<Table.RowOf<(typeof tables)[Name]>> }

const given = `(SELECT * FROM unnest($1::text[], $2::text[]) AS given (${list(jobKey)}))`

/** Locks the stored jobs of a batch until the transaction ends: in order, so that no two writers wait for each other. */
const hold = `SELECT ${list([...jobKey, "lease"], "r")} FROM receipts AS r JOIN ${given} AS g ON ${
  joined(jobKey, "r", "g")
}
  ORDER BY ${list(jobKey, "r")} FOR UPDATE OF r`

const remove = (name: string) =>
  `DELETE FROM ${quoted(name)} AS t USING ${given} AS g WHERE ${joined(jobKey, "t", "g")}`

const idsOf = (keys: ReadonlyArray<DatabaseTables.Key>) => [
  keys.map(({ batch_id }) => batch_id),
  keys.map(({ job_id }) => job_id)
]

/** PostgreSQL's text has no NUL: an id with one is stored in the escaped form, like one that is not well-formed. */
const stored = (id: string) => id.includes("\0") ? StoredId.escape(id) : StoredId.encode(id)

export const keyOf = (
  { batchId, jobId }: { readonly batchId: string; readonly jobId: string }
): DatabaseTables.Key => ({
  batch_id: stored(batchId),
  job_id: stored(jobId)
})

const textOf = ({ batch_id, job_id }: DatabaseTables.Key) => `${batch_id}\0${job_id}`

export class Writer {
  private readonly db: Connection
  private readonly keep: DatabaseOptions.Keep
  private readonly rows: Rows
  /** The statements in flight while the next rows are read, the oldest first. */
  private sent: Array<Fiber.Fiber<unknown, SqlError>> = []

  constructor(db: Connection, keep: DatabaseOptions.Keep) {
    this.db = db
    this.keep = keep
    const entries = tableNames.map((name) => [name, new Insertion(name, tables[name] as Table.Table<never>)])
    this.rows = Object.fromEntries(entries)
  }

  /** Drops rows of a transaction that has failed. */
  readonly clear: Effect.Effect<void> = Effect.suspend(() => {
    const { sent } = this
    this.sent = []
    for (const name of tableNames) this.rows[name].clear()
    return Effect.asVoid(Fiber.awaitAll(sent))
  })

  /**
   * Removes the stored rows of jobs, and returns the records that take their place: not those whose job is stored under a
   * later lease. With `all`, also removes rows without a receipt, which costs a statement for each table.
   */
  remove(
    records: ReadonlyArray<JobSink.JobRecord>,
    all: boolean
  ): Effect.Effect<ReadonlySet<JobSink.JobRecord>, SqlError> {
    const byKey = new Map(records.map((record) => [textOf(keyOf(record)), record]))
    return Effect.flatMap(this.db.run(hold, idsOf(records.map(keyOf))), (rows) => {
      const there: Array<DatabaseTables.Key> = []
      for (const row of rows as unknown as ReadonlyArray<DatabaseTables.Key & { readonly lease: bigint | null }>) {
        const key = textOf(row)
        const { lease } = byKey.get(key) ?? {}
        if (lease !== undefined && row.lease !== null && Number(row.lease) > lease) byKey.delete(key)
        else there.push(row)
      }
      const placed = new Set(byKey.values())
      const gone = all ? Array.from(placed, keyOf) : there
      if (gone.length === 0) return Effect.succeed(placed)
      return Effect.as(
        Effect.forEach(tableNames, (name) => this.db.run(remove(name), idsOf(gone)), { discard: true }),
        placed
      )
    })
  }

  /** Adds the rows of one record to the waiting rows, and inserts those of a table when enough wait. */
  readonly add = Effect.fnUntraced({ self: this }, function*(
    this: Writer,
    record: JobSink.JobRecord
  ): Effect.fn.Return<JobSink.Receipt, Fault> {
    const { keep, rows } = this
    const key = keyOf(record)
    let problems = 0
    const add = <Name extends DatabaseTables.TableName>(
      name: Name,
      values: Omit<Table.RowOf<(typeof tables)[Name]>, keyof DatabaseTables.Key>
    ) => (rows[name] as Insertion<unknown>).add({ ...values, ...key })
    const report = (found: ReadonlyArray<ResultDocument.Problem>) => {
      for (const { path, reason } of found) add("problems", { problem_index: problems++, path, reason })
    }
    if (keep.documents !== "off") {
      yield* this.chunks(record.document, keep.documents, "documents", (chunk) => add("documents", chunk))
    }
    let count = 0
    yield* Stream.runForEach(record.parsed.rows({ batchId: key.batch_id, jobId: key.job_id }), (decoded) => {
      for (const row of decoded.rows) rows.annotations.add(row)
      report(decoded.problems)
      count += decoded.rows.length
      return this.insertIf("annotations")
    }).pipe(Effect.catchTag("ContentError", (cause) => Effect.fail(Chunks.unreadable(cause))))
    if (keep.attachments === "keep") {
      for (const { content, ref } of record.attachments) {
        const codec = ref.role === "mask" ? "none" : "zstd"
        const index = { attachment_index: ref.index }
        yield* this.chunks(content, codec, "files", (chunk) => add("files", { ...index, ...chunk }))
      }
    }
    let mediaRows = 0
    yield* Stream.runForEach(TableRows.mediaRows(record), (found) => {
      for (const row of found) add("media", row)
      mediaRows += found.length
      return this.insertIf("media")
    })
    for (const of of record.attachments) add("attachments", TableRows.attachmentRow(record, of))
    report(record.summary.problems ?? [])
    report(record.result.problems ?? [])
    add("jobs", { ...TableRows.jobRow(record, count), project_id: stored(record.projectId) })
    for (const name of tableNames) {
      for (const path of rows[name].takeReplaced()) {
        if (name !== "problems") report([{ path, reason: "NUL characters became U+FFFD: PostgreSQL has none in text" }])
      }
    }
    const receipt = TableRows.receiptOf(record)
    add("receipts", {
      attachments_revision: receipt.revision.attachments,
      bytes: receipt.bytes,
      media_rows: mediaRows,
      attachment_rows: record.attachments.length,
      problem_rows: problems,
      document_kept: keep.documents === "off" ? 0 : 1,
      files_kept: keep.attachments === "off" ? 0 : 1,
      lease: record.lease ?? null
    })
    return receipt
  })

  /** Inserts all waiting rows, and runs one more statement with the last of them. */
  insertAll(last: Effect.Effect<unknown, SqlError> = Effect.void): Effect.Effect<void, SqlError> {
    return Effect.forEach(tableNames, (name) => this.insert(name), { discard: true }).pipe(
      Effect.andThen(this.send(last)),
      Effect.andThen(this.answered(0))
    )
  }

  /** Waits until at most this many statements are in flight. */
  private answered(most: number): Effect.Effect<void, SqlError> {
    return Effect.suspend(() => {
      const oldest = this.sent.length > most ? this.sent.shift() : undefined
      return oldest === undefined ? Effect.void : Effect.andThen(Fiber.join(oldest), this.answered(most))
    })
  }

  private insertIf(name: DatabaseTables.TableName): Effect.Effect<void, SqlError> {
    return this.rows[name].isFull ? this.insert(name) : Effect.void
  }

  private insert(name: DatabaseTables.TableName): Effect.Effect<void, SqlError> {
    return Effect.suspend(() => {
      const statement = this.rows[name].take()
      if (statement === undefined) return Effect.void
      return this.send(this.db.run(statement.sql, statement.params), statement.isLarge ? 0 : mostSent - 1)
    })
  }

  /** Sends a statement once at most this many others are in flight. */
  private send(statement: Effect.Effect<unknown, SqlError>, others = mostSent - 1): Effect.Effect<void, SqlError> {
    return this.answered(others).pipe(
      Effect.andThen(Effect.forkChild(statement, { startImmediately: true })),
      Effect.map((fiber) => void this.sent.push(fiber))
    )
  }

  private chunks(
    content: Content.Content,
    codec: Chunks.Codec,
    name: "documents" | "files",
    add: (chunk: DatabaseTables.Chunk) => void
  ): Effect.Effect<void, Fault> {
    return Chunks.write(content, codec, (chunk) =>
      Effect.suspend(() => {
        add(chunk)
        return this.insertIf(name)
      }))
  }
}

/**
 * A sink of one's own, run in an export: one CSV file for each job, with a line for each annotation, to be read as one
 * table with `duckdb -c "SELECT * FROM 'output/csv/*.csv'"`. A file appears whole, a job that has changed replaces its
 * file, and the same job gives the same bytes. It cannot take back what it has written, and so does not say that it can.
 */
import { AnnotationModel, JobSink, SimpleSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash, randomUUID } from "node:crypto"
import { mkdir, open, rename, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { exportMain } from "./support/exportMain.ts"

const columns = AnnotationModel.tables.annotations.columns.map(({ name }) => name)

type Cell = string | number | boolean

/** Null is nothing, and every text in quotes, so that the two can be told apart. Lines end as RFC 4180 has it. */
const csvLine = (cells: ReadonlyArray<Cell | null>): string =>
  cells.map((cell) => cell === null ? "" : `"${text(cell).replaceAll("\"", "\"\"")}"`).join(",") + "\r\n"

const text = (cell: Cell): string => Object.is(cell, -0) ? "-0" : String(cell)

export const csvSink = (options: { readonly directory: string }): JobSink.JobSink => {
  const directory = resolve(options.directory)

  const failure = (step: "open" | "stage") => (cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
    const isFinal = ["EACCES", "EEXIST", "ENOTDIR", "EROFS"].includes(code)
    const reason = isFinal ? "misconfigured" : "unavailable"
    const detail = `cannot write into ${directory} (${code})`
    return new JobSink.SinkError({ sink: "csv", step, reason, detail, cause })
  }

  const attempt = <A>(step: "open" | "stage", run: () => Promise<A>) =>
    Effect.uninterruptible(Effect.tryPromise({ try: run, catch: failure(step) }))

  const writeRows = Effect.fnUntraced(function*(part: string, record: JobSink.JobRecord) {
    const file = yield* Effect.acquireRelease(
      attempt("stage", () => open(part, "wx")),
      (file) => Effect.promise(() => file.close())
    )
    yield* attempt("stage", () => file.writeFile(csvLine(columns)))
    yield* Stream.runForEach(
      record.parsed.rows(record),
      ({ rows }) =>
        attempt("stage", () => file.writeFile(rows.map((row) => csvLine(columns.map((name) => row[name]))).join("")))
    )
  }, Effect.scoped)

  const store = (record: JobSink.JobRecord) => {
    // Ids come from a server: they are not to be trusted as names of files.
    const name = createHash("sha256").update(JSON.stringify([record.batchId, record.jobId])).digest("hex")
    const part = join(directory, `${randomUUID()}.part`)
    return writeRows(part, record).pipe(
      Effect.catchTag("ContentError", (error) => Effect.fail(failure("stage")(error))),
      Effect.andThen(attempt("stage", () => rename(part, join(directory, `${name}.csv`)))),
      Effect.ensuring(Effect.promise(() => rm(part, { force: true })))
    )
  }

  /** UTF-8 has no form for half of a surrogate pair: two ids that hold one could not be told apart. */
  const isNameable = ({ batchId, jobId }: JobSink.JobRecord) => batchId.isWellFormed() && jobId.isWellFormed()

  const reject = ({ batchId, jobId }: JobSink.JobRecord): JobSink.Rejection => {
    const detail = "its id holds half of a character, which UTF-8 cannot hold"
    const error = new JobSink.SinkError({ sink: "csv", step: "stage", reason: "rejected", detail, batchId, jobId })
    return { batchId, jobId, error }
  }

  return SimpleSink.fromWriter({
    name: "csv",
    id: `csv:${directory}`,
    capabilities: { keying: "upsert", deterministic: true },
    open: Effect.as(
      attempt("open", () => mkdir(directory, { recursive: true })),
      (records) =>
        Effect.as(
          Effect.forEach(records.filter(isNameable), store, { concurrency: 8, discard: true }),
          records.filter((record) => !isNameable(record)).map(reject)
        )
    )
  })
}

// Tests import the sink alone. `npm run example` imports this file too, but names it as the program.
if (process.argv[1] === import.meta.filename) {
  await exportMain((output) => [csvSink({ directory: join(output, "csv") })])
}

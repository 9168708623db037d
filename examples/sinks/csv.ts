/**
 * A sink of your own: one CSV file per job, with a line per annotation. The command takes it by its path:
 *
 *     labelstream export ... --to ./examples/sinks/csv.ts:output/csv
 *     duckdb -c "SELECT * FROM 'output/csv/*.csv'"
 *
 * A file appears complete or not at all, and the file of a changed job replaces the older one. The sink cannot read back
 * what it has written, so it does not claim to be inspectable.
 */
import { AnnotationModel, JobSink, SimpleSink, SinkPlugin } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash, randomUUID } from "node:crypto"
import { mkdir, open, rename, rm } from "node:fs/promises"
import { join, resolve } from "node:path"

const columns = AnnotationModel.tables.annotations.columns.map(({ name }) => name)

type Cell = string | number | boolean

/** Writes null as nothing and every other cell in quotes, so that null and empty text differ. Lines end as in RFC 4180. */
const csvLine = (cells: ReadonlyArray<Cell | null>): string =>
  cells.map((cell) => cell === null ? "" : `"${text(cell).replaceAll("\"", "\"\"")}"`).join(",") + "\r\n"

const text = (cell: Cell): string => Object.is(cell, -0) ? "-0" : String(cell)

const Options = Schema.Struct({
  directory: SinkPlugin.LocalPath.annotate({ description: "Folder to write into. Created if it is missing." })
})

export const make = (options: typeof Options.Type): JobSink.JobSink => {
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
    // Ids come from a server, so they cannot serve as file names.
    const name = createHash("sha256").update(JSON.stringify([record.batchId, record.jobId])).digest("hex")
    const part = join(directory, `${randomUUID()}.part`)
    return writeRows(part, record).pipe(
      Effect.catchTag("ContentError", (error) => Effect.fail(failure("stage")(error))),
      Effect.andThen(attempt("stage", () => rename(part, join(directory, `${name}.csv`)))),
      Effect.ensuring(Effect.promise(() => rm(part, { force: true })))
    )
  }

  /** UTF-8 has no form for half of a surrogate pair, so two ids with such a half could become one name. */
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

export default SinkPlugin.define({ name: "csv", version: "0.1.0", options: Options, make })

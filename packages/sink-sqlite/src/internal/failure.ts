/**
 * Turns what SQLite and the system say into the sink's errors: one place decides what a code means and what a person
 * should do.
 */
import { JobSink } from "@labelstream/core/sink"
import { Failure, SqliteLock } from "@labelstream/storage"
import * as Effect from "effect/Effect"

/** The kind of this sink. */
export const sinkName = "sqlite"

/** The sink's error for anything thrown; undefined for what no state of file, disk or record explains. */
const classify = (file: string, where: Failure.Where, cause: unknown): JobSink.SinkError | undefined => {
  if (cause instanceof JobSink.SinkError) return cause
  const found = cause instanceof Failure.Problem
    ? { reason: cause.reason, detail: cause.message }
    : explain(file, where, cause)
  if (found === undefined) return undefined
  const inner = cause instanceof Failure.Problem ? cause.cause : cause
  return new JobSink.SinkError({ sink: sinkName, ...where, ...found, ...(inner === undefined ? {} : { cause: inner }) })
}

type Explained = { readonly reason: JobSink.SinkErrorReason; readonly detail: string } | undefined

const explain = (file: string, where: Failure.Where, cause: unknown): Explained => {
  const code = SqliteLock.codeOf(cause)
  const isBefore = ["check", "open", "inspect"].includes(where.step)
  const is = (...prefixes: ReadonlyArray<string>) => prefixes.some((prefix) => code.startsWith(`SQLITE_${prefix}`))
  if (SqliteLock.isBusy(cause)) {
    const detail = `${file} is held by another program, such as an open sqlite3 shell: let it end and run again`
    return { reason: "unavailable", detail }
  }
  if (is("FULL")) return { reason: "unavailable", detail: `no space left for ${file}: free some and run again` }
  if (is("CORRUPT") || is("NOTADB") && !isBefore) return { reason: "corrupt", detail: damaged(file) }
  if (is("NOTADB")) {
    return { reason: "conflict", detail: `${file} is not a SQLite database, or its beginning is damaged. ${elsewhere}` }
  }
  if (is("READONLY_ROLLBACK", "READONLY_RECOVERY", "READONLY_CANTINIT")) {
    const detail = `${file} was left in the middle of a change by a crash: a run on it puts it in order`
    return { reason: "unavailable", detail }
  }
  if (is("READONLY_DBMOVED")) return { reason: "unavailable", detail: gone(file) }
  if (is("READONLY", "PERM", "AUTH")) {
    return { reason: "misconfigured", detail: `no permission to write ${file}, or its folder or disk is read-only` }
  }
  // better-sqlite3 itself checks the folder, and throws a TypeError if it is missing.
  if (is("CANTOPEN") || cause instanceof TypeError && cause.message.includes("directory does not exist")) {
    const detail = `${file} cannot be opened: see that its folder exists and may be written to`
    return { reason: isBefore ? "misconfigured" : "unavailable", detail }
  }
  if (is("IOERR", "NOLFS", "PROTOCOL", "NOMEM")) {
    return { reason: "unavailable", detail: `${file} cannot be read or written: ${code}` }
  }
  const isRecord = where.jobId !== undefined && where.step !== "inspect"
  if (
    isRecord && (is("CONSTRAINT", "MISMATCH", "TOOBIG") || cause instanceof TypeError || cause instanceof RangeError)
  ) {
    return { reason: "rejected", detail: `its values do not fit the tables: ${(cause as Error).message}` }
  }
  return explainSystem(file, (cause as NodeJS.ErrnoException | undefined)?.code)
}

const explainSystem = (file: string, code: string | undefined): Explained => {
  switch (code) {
    case "ENOENT":
      return {
        reason: "misconfigured",
        detail: `the folder of ${file} does not exist: make it, or choose another file`
      }
    case "ENOTDIR":
    case "EISDIR":
      return { reason: "misconfigured", detail: `something that is not a file or folder is at ${file} or above it` }
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return { reason: "misconfigured", detail: `no permission to write ${file}, or its folder or disk is read-only` }
    case "ENOSPC":
    case "EIO":
    case "EMFILE":
    case "ENFILE":
      return { reason: "unavailable", detail: `${code} at ${file}` }
    default:
      return undefined
  }
}

/** What to do about a file that must not be written to. */
export const elsewhere = "Choose another file, or move this one away."

export const damaged = (file: string): string =>
  `${file} is damaged. Move it away: the next run makes a new one. \`sqlite3 <file> .recover\` saves what can be read`

export const gone = (file: string): string => `${file} was removed or replaced while it was written to: run again`

/** Runs what may throw: what the state of file, disk or record explains becomes a failure, anything else a defect. */
export const attempt = <A>(file: string, where: Failure.Where, work: () => A): Effect.Effect<A, JobSink.SinkError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(work())
    } catch (cause) {
      const error = classify(file, where, cause)
      return error === undefined ? Effect.die(cause) : Effect.fail(error)
    }
  })

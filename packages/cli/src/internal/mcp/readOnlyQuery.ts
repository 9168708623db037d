/**
 * Runs a query on a SQLite database in its own process, without this process's environment. Only the end of its process
 * ends a query that runs too long, because SQLite does not return while it looks for a row.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { Found, most, ToolError } from "./mcpTools.ts"

/** Milliseconds that a query may take. */
const patience = 10_000

const Answer = Schema.fromJsonString(Schema.Union([Found, Schema.Struct({ error: Schema.String })]))

export interface Query {
  readonly file: string
  readonly sql: string
  readonly limit: number
}

/** What the process runs: plain JavaScript, since it is handed over as text. */
const program = `
const { sqlite, file, sql, limit, most } = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
const answer = () => {
  const database = new (require(sqlite))(file, { readonly: true, fileMustExist: true })
  database.pragma("query_only = ON")
  const statement = database.prepare(sql)
  if (!statement.reader || !statement.readonly) return { error: "Only queries that read are allowed" }
  const columns = statement.columns().map(({ name }) => name)
  const rows = []
  let [truncated, bytes] = [false, 0]
  const cell = (value) => {
    if (value === null || typeof value === "number") return value
    if (Buffer.isBuffer(value)) return "(" + value.length + " bytes)"
    const text = String(value)
    if (text.length <= most.cell) return text
    truncated = true
    return text.slice(0, most.cell) + "…"
  }
  for (const row of statement.raw().safeIntegers().iterate()) {
    if (rows.length === limit || bytes > most.bytes) {
      truncated = true
      break
    }
    const cells = row.map((value) =>
      cell(typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value))
    bytes += JSON.stringify(cells).length
    rows.push(cells)
  }
  return { columns, rows, truncated }
}
let result
try { result = answer() } catch (cause) { result = { error: cause.message } }
process.stdout.write(JSON.stringify(result))
`

const run = (query: Query) =>
  Effect.callback<string, ToolError>((resume) => {
    const child = spawn(process.execPath, ["--max-old-space-size=256", "--eval", program], {
      env: {},
      stdio: ["pipe", "pipe", "ignore"]
    })
    const chunks: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.stdin.on("error", () => {})
    child.on("error", ({ message }) => resume(new ToolError({ message: `The query could not be run: ${message}` })))
    child.on("close", () => resume(Effect.succeed(Buffer.concat(chunks).toString())))
    const sqlite = createRequire(import.meta.url).resolve("better-sqlite3")
    child.stdin.end(JSON.stringify({ ...query, sqlite, most }))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** The first word of what may be run: pragmas and attached databases lead out of the database. */
const reads = /^(\s|--[^\n]*\n|\/\*.*?\*\/)*(select|with|values|explain)\b/is

/** Runs one query that reads. Fails if it does not only read, is wrong, or takes longer than 10 seconds. */
export const readOnlyQuery = Effect.fnUntraced(function*(query: Query) {
  if (!reads.test(query.sql)) {
    return yield* new ToolError({ message: "The query must begin with SELECT, WITH, VALUES, or EXPLAIN" })
  }
  const text = yield* run(query).pipe(Effect.timeoutOrElse({
    duration: patience,
    orElse: () => new ToolError({ message: `The query took longer than ${patience / 1000} s and was stopped` })
  }))
  const answer = yield* Effect.mapError(
    Schema.decodeEffect(Answer)(text),
    () => new ToolError({ message: "The query ended without a result: it may need too much memory" })
  )
  return "error" in answer ? yield* new ToolError({ message: `The query failed: ${answer.error}` }) : answer
})

/** The tools of `labelstream mcp`: their parameters and results. All results are bounded; no tool takes a path. */
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Schema from "effect/Schema"
import * as JsonOutput from "../../JsonOutput.ts"

/** Why a tool could not do what it was asked for, in one sentence. */
export class ToolError extends Schema.TaggedError<ToolError>()("ToolError", { message: Schema.String }) {}

/** The most of each that a result has. */
export const most = { batches: 100, failures: 100, rows: 200, cell: 2000, bytes: 200_000, drawing: 1_000_000 } as const

const optional = <S extends Schema.Top>(schema: S, description: string) =>
  Schema.optionalKey(schema.annotate({ description }))
const more = Schema.Finite.annotate({ description: "How many are not shown" })

const reading = <T extends Tool.Any>(tool: T): T =>
  tool.annotate(Tool.Readonly, true).annotate(Tool.Destructive, false).annotate(Tool.Idempotent, true) as unknown as T

const status = reading(
  Tool.make("status", {
    description: "Shows how many jobs of each exported batch are stored, unfinished, and failed, and in which sinks.",
    success: Schema.Struct({ ...JsonOutput.Status.fields, more_batches: more }),
    failure: ToolError
  })
)

const failures = reading(
  Tool.make("failures", {
    description: "Lists failed jobs with the reason, and whether another run can help.",
    parameters: Schema.Struct({
      batch_id: optional(Schema.String, "Only this batch"),
      limit: optional(Schema.Int, `Most failures to list, 1 to ${most.failures} (default: 20)`)
    }),
    success: Schema.Struct({ failures: Schema.Array(JsonOutput.Failure), more_failures: more }),
    failure: ToolError
  })
)

const batches = reading(
  Tool.make("batches", {
    description: "Lists the batches of a project with the counts that GT Studio reports. Needs the network.",
    parameters: Schema.Struct({ project_id: optional(Schema.String, "Project (default: the configured one)") }),
    success: Schema.Struct({ ...JsonOutput.Batches.fields, more_batches: more }),
    failure: ToolError
  })
).annotate(Tool.OpenWorld, true)

/** What a query finds. */
export const Found = Schema.Struct({
  columns: Schema.Array(Schema.String),
  rows: Schema.Array(Schema.Array(Schema.Union([Schema.String, Schema.Finite, Schema.Null]))),
  truncated: Schema.Boolean.annotate({ description: "Whether there are more rows, or values were cut" })
})

const query = reading(
  Tool.make("query", {
    description:
      "Runs one read-only SQL query (SELECT, WITH, VALUES, or EXPLAIN) on an exported SQLite database. For its " +
      "tables and columns, query: SELECT name, sql FROM sqlite_schema.",
    parameters: Schema.Struct({
      sql: Schema.String.annotate({ description: "The query" }),
      sink: optional(Schema.String, "Which SQLite sink, as status names it (default: the only one)"),
      limit: optional(Schema.Int, `Most rows, 1 to ${most.rows} (default: 50)`)
    }),
    success: Found,
    failure: ToolError
  })
)

const picture = reading(
  Tool.make("picture", {
    description: "Draws the annotations of one stored job as an SVG image, as the HTML report draws it.",
    parameters: Schema.Struct({ batch_id: Schema.String, job_id: Schema.String }),
    success: Schema.Struct({ svg: Schema.String }),
    failure: ToolError
  })
)

const exporting = Tool.make("export", {
  description:
    "Exports finished jobs of batches into the configured sinks. Without confirm, it only returns the plan: show " +
    "it to the user, and call it again with confirm: true once the user agrees.",
  parameters: Schema.Struct({
    batch_ids: Schema.Array(Schema.String).annotate({ description: "Batches (empty: the configured ones)" }),
    limit: optional(Schema.Int, "Maximum jobs to fetch"),
    confirm: optional(Schema.Boolean, "Whether the user has agreed to the plan (default: false)")
  }),
  success: Schema.Struct({
    confirmed: Schema.Boolean,
    next: Schema.String,
    plan: Schema.NullOr(JsonOutput.Plan.mapFields(({ batches, limited }) => ({ batches, limited }))),
    export: Schema.NullOr(JsonOutput.Export)
  }),
  failure: ToolError
}).annotate(Tool.Destructive, false).annotate(Tool.Idempotent, true).annotate(Tool.OpenWorld, true)

/** The tools that only read. */
export const readingTools = Toolkit.make(status, failures, batches, query, picture)

/** The tool that exports, which has to be allowed. */
export const exportingTools = Toolkit.make(exporting)

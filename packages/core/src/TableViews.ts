/**
 * The views over the tables of the model that every database has, as SQL that SQLite, DuckDB, and PostgreSQL run. They
 * answer the first questions of people; columns are those of `AnnotationModel.tables`, named here only where a view
 * computes with them.
 */
import { type AnnotationRow, type JobRow, type MediaRow, tables } from "./AnnotationModel.ts"

/** What databases write differently. */
export interface Dialect {
  /** When the run of a `load_id` began, as text in UTC: `2026-11-29T17:04:05.678Z`. */
  readonly startedAt: (loadId: string) => string
}

/** Returns the statements that replace the views, for a database that runs one statement per call. */
export const statements = (dialect: Dialect): ReadonlyArray<string> =>
  Object.entries(views(dialect)).flatMap(([name, { description, select }]) => [
    `DROP VIEW IF EXISTS ${name}`,
    `CREATE VIEW ${name} AS -- ${description}\n${select}`
  ])

/** Returns the same statements as one text. */
export const sql = (dialect: Dialect): string => statements(dialect).map((statement) => `${statement};\n`).join("")

interface View {
  /** What a row is, in a few words on one line. */
  readonly description: string
  readonly select: string
}

const views = ({ startedAt }: Dialect): Readonly<Record<string, View>> => ({
  loads: {
    description: "what each run brought; bytes are those of result documents",
    select: `  SELECT ${job("load_id")}, ${startedAt(job("load_id"))} AS started_at, count(*) AS jobs,
    CAST(sum(${job("bytes")}) AS BIGINT) AS bytes
  FROM jobs GROUP BY ${job("load_id")}`
  },
  labels: {
    description: "how many rows each class has, and in how many jobs",
    select: `  SELECT class, CAST(sum(n) AS BIGINT) AS rows, count(*) AS jobs
  FROM (SELECT ${annotation("label")} AS class, count(*) AS n FROM annotations GROUP BY ${
      annotation("label")
    }, ${ofJob}) AS of_job
  GROUP BY class`
  },
  annotations_with_jobs: {
    description: "annotations with what is known of their job",
    select: `  SELECT a.*, ${of("j", others(tables.jobs))}
  FROM annotations AS a JOIN jobs AS j ON ${same("a", "j", tables.jobs.key)}`
  },
  annotations_with_media: {
    description: "annotations with their input; the box in pixels, as displayed, where its size is known",
    select: `  SELECT a.*, ${of("m", [input("url"), input("width"), input("height")])},
    ${boxes.map(([side, length]) => `a.${side} * m.${length} AS ${side}_px`).join(", ")}
  FROM annotations AS a LEFT JOIN media AS m ON ${same("a", "m", tables.media.key)}`
  },
  jobs_without_annotations: {
    description: "jobs whose document gave no row",
    select: `  SELECT * FROM jobs WHERE ${job("annotation_rows")} = 0`
  }
})

const annotation = (name: keyof AnnotationRow) => name
const job = (name: keyof JobRow) => name
const input = (name: keyof MediaRow) => name

/** The sides of a box, and what each is a share of. */
const boxes: ReadonlyArray<readonly [keyof AnnotationRow, keyof MediaRow]> = [
  ["x_min", "width"],
  ["y_min", "height"],
  ["x_max", "width"],
  ["y_max", "height"]
]

const ofJob = tables.jobs.key.join(", ")

/** The columns that are no part of the key. */
const others = ({ columns, key }: typeof tables.jobs): ReadonlyArray<string> =>
  columns.map(({ name }) => name).filter((name) => !(key as ReadonlyArray<string>).includes(name))

const of = (alias: string, columns: ReadonlyArray<string>): string =>
  columns.map((name) => `${alias}.${name}`).join(", ")

const same = (one: string, other: string, columns: ReadonlyArray<string>): string =>
  columns.map((name) => `${one}.${name} = ${other}.${name}`).join(" AND ")

/** The names of the views. */
export const names: ReadonlyArray<string> = Object.keys(views({ startedAt: String }))

/** Rows a second of the sinks with tables, against the libraries that they use and, for Parquet, DuckDB. */
import { contest, type Contestant, type Samples, type Setting } from "../harness/contest.ts"
import { over, ratio } from "../harness/statistics.ts"
import { number, type Result, type Table, verdict, withSpread } from "../harness/table.ts"
import { withPostgres } from "../support/postgresServer.ts"

const rate = (sample: Samples[string][number]) => sample.counts["rows"]! / sample.seconds

const tableOf = (title: string, samples: Samples, notes: ReadonlyArray<string>): Table => {
  const own = Object.values(samples)[0]!
  return {
    title,
    columns: ["writer", "thousand rows/s", "the sink's to this", "CPU µs a row", "peak MB"],
    rows: Object.entries(samples).map(([name, found]) => [
      name,
      withSpread(over(found, (sample) => rate(sample) / 1000)),
      found === own ? "1" : withSpread(ratio(own, found, rate)),
      withSpread(over(found, ({ counts, cpu }) => 1e6 * cpu / counts["rows"]!)),
      number(over(found, ({ rss }) => rss).greatest)
    ]),
    notes
  }
}

const rowsNote = "Rows are made before the time is taken, 50 a job, and no documents are kept."

export const sqlite = async (setting: Setting): Promise<Result> => {
  const jobs = setting.quick ? 2000 : 20_000
  const byHand = (name: string, rowsPerInsert: number): Contestant => ({
    name,
    client: "handSqlite",
    spec: (folder) => ({ folder, jobs, rowsPerInsert })
  })
  const title = `SQLite, ${(jobs * 50).toLocaleString("en")} annotations`
  const samples = await contest(setting, title, [
    { name: "SQLite sink", client: "sink", spec: (folder) => ({ folder, jobs, sink: "sqlite" }) },
    byHand("better-sqlite3, a row each INSERT", 1),
    byHand("better-sqlite3, 25 rows each INSERT", 25)
  ])
  const [sink, one, many] = Object.values(samples)
  return {
    tables: [tableOf(title, samples, [`${rowsNote} All sync each transaction of 500 jobs.`])],
    verdicts: [
      verdict("SQLite sink, rows/s to better-sqlite3", ratio(sink!, one!, rate), "at least", 0.85),
      verdict(
        "SQLite sink, rows/s to better-sqlite3 with 25 rows an INSERT",
        ratio(sink!, many!, rate),
        "at least",
        0.85
      )
    ],
    samples: { [title]: samples }
  }
}

export const parquet = async (setting: Setting): Promise<Result> => {
  const jobs = setting.quick ? 2000 : 20_000
  const title = `Parquet, ${(jobs * 50).toLocaleString("en")} annotations`
  const samples = await contest(setting, title, [
    { name: "Parquet sink", client: "sink", spec: (folder) => ({ folder, jobs, sink: "parquet" }) },
    { name: "hyparquet-writer", client: "handParquet", spec: (folder) => ({ folder, jobs }) },
    { name: "DuckDB, appender and COPY", client: "duckdb", spec: (folder) => ({ folder, jobs }) }
  ])
  const [sink, bare, duckdb] = Object.values(samples)
  return {
    tables: [tableOf(title, samples, [
      `${rowsNote} zstd, row groups of 50,000. The sink commits and syncs every 5,000 jobs; the others write one file at the end.`
    ])],
    verdicts: [
      verdict("Parquet sink, rows/s to hyparquet-writer", ratio(sink!, bare!, rate), "at least", 0.85),
      verdict("Parquet sink, rows/s to DuckDB", ratio(sink!, duckdb!, rate), "at least", 0.5)
    ],
    samples: { [title]: samples }
  }
}

export const postgres = async (setting: Setting): Promise<Result> => {
  const jobs = setting.quick ? 2000 : 20_000
  const title = `PostgreSQL, ${(jobs * 50).toLocaleString("en")} annotations`
  const samples = await withPostgres((url) =>
    contest(setting, title, [
      { name: "PostgreSQL sink", client: "sink", spec: (folder) => ({ folder, jobs, sink: "postgres", url }) },
      { name: "COPY by hand, over pg", client: "handPostgres", spec: (folder) => ({ folder, jobs, url }) },
      { name: "COPY from files of the server", client: "copyServerFiles", spec: (folder) => ({ folder, jobs, url }) }
    ])
  )
  const [sink, copy] = Object.values(samples)
  return {
    tables: [tableOf(title, samples, [
      `${rowsNote} The sink and COPY by hand commit every 500 jobs, into tables with the same indexes. COPY from files is ` +
      "one statement for each table and one transaction; no client makes its rows, and they cross no network. " +
      "CPU and memory are those of the client. The server does not sync."
    ])],
    verdicts: [verdict("PostgreSQL sink, rows/s to COPY by hand", ratio(sink!, copy!, rate), "at least", 0.7)],
    samples: { [title]: samples }
  }
}

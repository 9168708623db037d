import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Export, GtStudio } from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { Scenario, Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"
import { scale } from "../../scripts/testScale.ts"
import { countJson, type Counts } from "./support/countJson.ts"
import { temporaryFolder } from "./support/program.ts"

type Pairs = ReadonlyArray<readonly [string, number]>

const counted = (labels: Pairs, frames: Pairs, attributes: number): Counts => ({
  labels: Object.fromEntries(labels),
  frames: Object.fromEntries(frames),
  attributes
})

const inDatabase = (file: string): Counts => {
  const database = new Database(file, { readonly: true })
  const rows = (sql: string) => database.prepare(sql).raw().all() as ReadonlyArray<unknown> as Pairs
  try {
    return counted(
      rows("SELECT label, count(*) FROM annotations GROUP BY label"),
      rows("SELECT frame_id, count(*) FROM annotations WHERE frame_id IS NOT NULL GROUP BY frame_id"),
      database.prepare("SELECT count(*) FROM annotations, json_each(attributes)").pluck().get() as number
    )
  } finally {
    database.close()
  }
}

const inDataset = async (directory: string): Promise<Counts> => {
  const connection = await (await DuckDBInstance.create()).connect()
  const rows = async (sql: string) =>
    (await connection.runAndReadAll(sql.replace("annotations", `'${directory}/annotations/**/*.parquet'`)))
      .getRows() as unknown as Pairs
  try {
    const [[attributes] = []] = await rows(
      "SELECT coalesce(sum(len(json_keys(attributes))), 0)::INT, 0 FROM annotations"
    )
    return counted(
      await rows("SELECT label, count(*)::INT FROM annotations GROUP BY label"),
      await rows("SELECT frame_id, count(*)::INT FROM annotations WHERE frame_id IS NOT NULL GROUP BY frame_id"),
      Number(attributes)
    )
  } finally {
    connection.closeSync()
  }
}

const jobs = scale(150, 10_000)

describe("all sinks", () => {
  it.live(
    `agree with the JSON files on labels, frames and attributes over ${jobs} jobs of every kind`,
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        const simulator = yield* Simulator.start({
          seed: 3,
          batches: [{ id: "b", jobs, kinds: Scenario.allKinds }]
        })
        const [files, sqlite, parquet] = [join(folder, "files"), join(folder, "all.sqlite"), join(folder, "parquet")]
        const platform = GtStudio.layer({ apiKey: Redacted.make(simulator.apiKey), baseUrl: simulator.apiUrl }).pipe(
          Layer.provide([NodeTransport.layer(), NodeSpool.layer({ directory: join(folder, "spool") })])
        )
        const report = yield* Export.run({
          batches: [{ projectId: simulator.projectId, batchId: "b" }],
          sinks: [
            FilesSink.make({ directory: files }),
            SqliteSink.make({ file: sqlite }),
            ParquetSink.make({ directory: parquet })
          ]
        }).pipe(Effect.provide(Layer.merge(platform, SqliteLedger.layer({ file: join(folder, "ledger.sqlite") }))))
        assert.isTrue(report.complete)
        const expected = yield* Effect.promise(() => countJson(join(files, "b")))
        assert.isAbove(Object.keys(expected.labels).length, 10)
        assert.deepStrictEqual(inDatabase(sqlite), expected)
        assert.deepStrictEqual(yield* Effect.promise(() => inDataset(parquet)), expected)
      }),
    1_200_000
  )
})

import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { suite } from "../../core/test/suites/ledger.ts"
import { model } from "../../core/test/suites/ledgerModel.ts"
import { SqliteClient, SqlLedger } from "../src/index.ts"
import { temporaryFolder } from "./support/folders.ts"

const sqlite = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) => SqlLedger.layer.pipe(Layer.provide(SqliteClient.layer({ file: join(folder, "cluster.db") }))))
)

suite("SqlLedger on SQLite", sqlite)
model("SqlLedger on SQLite", sqlite)

import * as Layer from "effect/Layer"
import { suite } from "../../core/test/suites/ledger.ts"
import { model } from "../../core/test/suites/ledgerModel.ts"
import { SqlLedger } from "../src/index.ts"
import { sqlite } from "./support/databases.ts"

const onSqlite = SqlLedger.layer.pipe(Layer.provide(sqlite))

suite("SqlLedger on SQLite", onSqlite)
model("SqlLedger on SQLite", onSqlite)

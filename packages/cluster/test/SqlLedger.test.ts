import * as Layer from "effect/Layer"
import { suite } from "../../core/test/suites/ledger.ts"
import { model } from "../../core/test/suites/ledgerModel.ts"
import { SqlLedger } from "../src/index.ts"
import { fresh, kinds } from "./support/databases.ts"

for (const kind of kinds) {
  const ledger = SqlLedger.layer.pipe(Layer.provide(fresh(kind)))
  suite(`SqlLedger on ${kind.name}`, ledger)
  model(`SqlLedger on ${kind.name}`, ledger)
}

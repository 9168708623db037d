import * as LedgerMemory from "../src/LedgerMemory.ts"
import { suite } from "./suites/ledger.ts"

suite("LedgerMemory", LedgerMemory.layer)

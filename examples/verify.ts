// Compares LABELSTREAM_OUTPUT with the ledger, without the network. Prints each difference.
//
// Exit status 0: everything is there as it was stored. 3: something is missing or modified. 4: there is only something
// that nobody stored. 1: it could not be verified, or nothing is stored.
import { ExportProgram, VerifyProgram } from "@labelstream/cli"
import { SqliteLedger } from "@labelstream/node"
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { ledgerFile } from "./support/ledgerFile.ts"

const output = resolve(process.env["LABELSTREAM_OUTPUT"] || "output")
const isAll = existsSync(join(output, "parquet"))
/** The folders of `export-to-everything`, where they are there; every other example writes into the output itself. */
const at = (folder: string) => isAll ? join(output, folder) : output

/** The line that exports again into these sinks. */
const example = (name = "files") => `npm run example export-to-${isAll ? "everything" : name}`

process.exitCode = await VerifyProgram.run({
  // One of each kind. Those in which nothing is stored are skipped.
  skipsUnused: true,
  repair: ({ sinks: [sink] }) => `LABELSTREAM_SELECT=refresh ${example(sink?.name)}`,
  store: example(),
  sinks: [
    FilesSink.make({ directory: at("files") }),
    SqliteSink.make({ file: join(at("sqlite"), "labelstream.sqlite") }),
    ParquetSink.make({ directory: at("parquet") })
  ],
  where: relative("", output)
}).pipe(
  Effect.provide(SqliteLedger.layerReadOnly({ file: ledgerFile() })),
  Effect.catch((error) => Effect.as(Effect.logError(`It could not be verified: ${error.message}`), 1)),
  Effect.provide(ExportProgram.layerLogs),
  Effect.runPromise
)

// Holds what stands in LABELSTREAM_OUTPUT against the ledger, without the network. Prints each difference by its name.
//
// Exit status 0: everything is there as it was stored. 3: something is missing or changed. 4: there is only something
// that nobody stored. 1: it could not be verified.
import { ExportProgram, VerifyProgram } from "@labelstream/cli"
import { SqliteLedger } from "@labelstream/node"
import { FilesystemSink } from "@labelstream/sink-filesystem"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"

const output = resolve(process.env["LABELSTREAM_OUTPUT"] || "output")
/** The folders of `export-to-everything`, where they are there; every other example writes into the output itself. */
const at = (folder: string) => existsSync(join(output, "parquet")) ? join(output, folder) : output

process.exitCode = await VerifyProgram.run({
  // One of each kind; those of which the ledger has no receipt are passed over.
  sinks: [
    FilesystemSink.make({ directory: at("files") }),
    SqliteSink.make({ file: join(at("sqlite"), "labelstream.sqlite") }),
    ParquetSink.make({ directory: at("parquet") })
  ],
  where: relative("", output)
}).pipe(
  Effect.provide(SqliteLedger.layerReadOnly({ file: join(output, ".labelstream", "ledger.sqlite") })),
  Effect.catch((error) => Effect.as(Effect.logError(`It could not be verified: ${error.message}`), 1)),
  Effect.provide(ExportProgram.layerLogs),
  Effect.runPromise
)

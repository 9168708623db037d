// Writes one HTML page about the export in LABELSTREAM_OUTPUT, without the network: totals, labels, failures, runs, and
// drawings of some jobs. Labels and drawings need results that were exported to files.
//
// Exit status 0: the page is written. 1: it could not be.
import { ExportProgram } from "@labelstream/cli"
import { SqliteLedger } from "@labelstream/node"
import { HtmlReport } from "@labelstream/report"
import { FilesSink } from "@labelstream/sink-files"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { rename, writeFile } from "node:fs/promises"
import { join, relative, resolve } from "node:path"
import { ledgerFile } from "./support/ledgerFile.ts"

const output = resolve(process.env["LABELSTREAM_OUTPUT"] || "output")
/** The folder of `export-to-everything`, where it is there; `export-to-files` writes into the output itself. */
const files = existsSync(join(output, "files")) ? join(output, "files") : output
const page = join(output, "report.html")

class PageError extends Schema.TaggedError<PageError>()("PageError", { message: Schema.String }) {}

/** Readers of an earlier page never see half of the next one. */
const write = (text: string) =>
  Effect.tryPromise({
    try: async () => {
      await writeFile(`${page}.new`, text)
      await rename(`${page}.new`, page)
    },
    catch: (cause) => new PageError({ message: String(cause) })
  })

process.exitCode = await HtmlReport.make({ sinks: [FilesSink.make({ directory: files })] }).pipe(
  Effect.flatMap(write),
  Effect.provide(SqliteLedger.layerReadOnly({ file: ledgerFile() })),
  Effect.map(() => {
    console.log(`Written: ${relative("", page)}`)
    return 0
  }),
  Effect.catch((error) => Effect.as(Effect.logError(`The report could not be written: ${error.message}`), 1)),
  Effect.provide(ExportProgram.layerLogs),
  Effect.runPromise
)

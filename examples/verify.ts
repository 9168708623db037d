// Holds what stands in LABELSTREAM_OUTPUT against the ledger, without the network. Prints each difference by its name.
//
// Exit status 0: everything is there as it was stored. 3: something is missing or changed. 4: there is only something
// that nobody stored. 1: it could not be verified.
import { type JobSink, Ledger, Verify } from "@labelstream/core"
import { SqliteLedger } from "@labelstream/node"
import { FilesystemSink } from "@labelstream/sink-filesystem"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { plain } from "./support/text.ts"

const output = resolve(process.env["LABELSTREAM_OUTPUT"] || "output")
/** The folders of `export-to-everything`, where they are there; every other example writes into the output itself. */
const at = (folder: string) => existsSync(join(output, "parquet")) ? join(output, folder) : output
/** One of each kind; those of which the ledger has no receipt are passed over. */
const sinks = [
  FilesystemSink.make({ directory: at("files") }),
  SqliteSink.make({ file: join(at("sqlite"), "labelstream.sqlite") }),
  ParquetSink.make({ directory: at("parquet") })
]

/** The id under which the ledger has a sink's receipts: another than its own where the output was moved. */
const receiptsOf = Effect.fnUntraced(function*({ id, name }: JobSink.JobSink) {
  const ledger = yield* Ledger.Ledger
  if (yield* ledger.hasReceipts(id)) return Option.some(id)
  return yield* ledger.entries({}).pipe(
    Stream.flattenIterable,
    Stream.flatMap(({ receipts }) => Stream.fromIterable(receipts)),
    Stream.map(({ sink }) => sink),
    Stream.filter((sink) => sink.startsWith(`${name}:`)),
    Stream.runHead
  )
})

const verify = Effect.gen(function*() {
  const found = { intact: 0, Missing: 0, Changed: 0, Extra: 0 }
  for (const sink of sinks) {
    const id = yield* receiptsOf(sink)
    if (Option.isNone(id)) continue
    if (id.value !== sink.id) console.log(plain(`Held against what was stored at ${id.value}`))
    yield* Stream.runForEach(
      Verify.sink(sink, { receiptsOf: id.value }),
      ({ differences, intact }) =>
        Effect.sync(() => {
          found.intact += intact
          for (const difference of differences) {
            found[difference._tag]++
            const path = difference.path ?? ("jobId" in difference ? `${difference.batchId}/${difference.jobId}` : "")
            console.log(plain(`${difference._tag}: ${path}`))
          }
        })
    )
  }
  const { Changed, Extra, Missing, intact } = found
  console.log(
    `${intact} jobs intact, ${Missing} missing, ${Changed} changed, ${Extra} extra in ${relative("", output)}`
  )
  return Missing + Changed > 0 ? 3 : Extra > 0 ? 4 : 0
})

process.exitCode = await verify.pipe(
  Effect.provide(SqliteLedger.layerReadOnly({ file: join(output, ".labelstream", "ledger.sqlite") })),
  Effect.catch((error) => {
    console.error(plain(`It could not be verified: ${error.message}`))
    return Effect.succeed(1)
  }),
  Effect.runPromise
)

/** Result documents into annotation rows: opened, and every row read. */
import { NodeHeap } from "@labelstream/cli"
import { type Content, ResultDocument, Spool } from "@labelstream/core"
import { NodeSpool } from "@labelstream/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import { join } from "node:path"
import type { Run } from "../harness/client.ts"

interface Spec {
  readonly folder: string
  /** The document, and how often it is read. */
  readonly file: string
  readonly times: number
  /** Whether V8's heap is kept small, as the command keeps it. */
  readonly smallHeap: boolean
}

const job = { batchId: "batch-1", jobId: "job-1" }

const read = Effect.fnUntraced(function*(content: Content.Content) {
  const document = yield* ResultDocument.open(content)
  let rows = 0
  yield* Stream.runForEach(document.rows(job), (decoded) =>
    Effect.sync(() => {
      rows += decoded.rows.length
    }))
  return rows
})

export const run: Run<Spec> = ({ file, folder, smallHeap, times }, stopwatch) =>
  Effect.gen(function*() {
    const spool = yield* Spool.Spool
    // As it comes from a download: small documents in memory, large ones in a file.
    const content = yield* spool.receive(
      Stream.fromAsyncIterable(createReadStream(file), (cause) => cause),
      { mediaType: "application/json" }
    )
    let rows = 0
    const readAll = Effect.gen(function*() {
      for (let time = 0; time < times; time++) rows += yield* read(content)
    })
    const run = Effect.runPromiseWith(yield* Effect.context())
    yield* Effect.promise(() => stopwatch.run(() => run(readAll)))
    return { rows, bytes: content.size * times }
  }).pipe(
    Effect.scoped,
    Effect.provide([
      NodeSpool.layer({ directory: join(folder, "spool") }),
      smallHeap ? NodeHeap.layerSmall : Layer.empty
    ]),
    Effect.runPromise
  )

/** Run by `large.test.ts` in its own process: stores one job of many rows, or many jobs, and prints its peak memory. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { ParquetSink } from "../../src/index.ts"
import { content, jobs, record, row } from "./records.ts"
import { store, unsynced } from "./targets.ts"

const [directory = "", what = "", count = ""] = process.argv.slice(2)

const piece = new Uint8Array(1024 * 1024).fill(32)

/** A job whose document is as large as such rows make it, in chunks. */
const large = (rows: number) => {
  const chunks = Math.ceil(rows * 300 / piece.length)
  const document = {
    ...content(piece),
    size: chunks * piece.length,
    bytes: undefined,
    stream: Stream.range(1, chunks).pipe(Stream.map(() => piece))
  }
  return record({
    job: "large",
    document,
    parsed: {
      resultType: "image_annotation",
      wrapped: true,
      attachments: [],
      inputs: [],
      media: () => Stream.empty,
      rows: ({ batchId, jobId }) =>
        // One at a time, or all of them would be made at once.
        Stream.range(0, rows / 1000 - 1).pipe(
          Stream.rechunk(1),
          Stream.map((part) => ({
            rows: Array.from({ length: 1000 }, (_, index) => row(batchId, jobId, part * 1000 + index)),
            problems: []
          }))
        )
    }
  })
}

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const sink = yield* ParquetSink.makeWith({ directory }, unsynced).open
  if (what === "rows") yield* store(sink, "t", [large(Number(count))])
  else {
    for (let at = 0; at < Number(count); at += 5000) yield* store(sink, `t-${at}`, jobs(at, at + 5000, 3))
  }
  yield* sink.finish({ outcome: "completed" })
})))
// Not `resourceUsage().maxRSS`: on Linux a process begins with that of the one that started it.
process.stdout.write(String(Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1024))

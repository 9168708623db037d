/**
 * Run by `large.test.ts` in its own process: stores one job with a document and a file of so many MiB, and so many
 * thousand rows, reads them back, and prints how far memory has grown beyond the most before, in MiB.
 */
import type { ResultDocument } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { content, record, row } from "./records.ts"
import { inspected, run } from "./targets.ts"

const [file = "", mebibytes = "", thousands = ""] = process.argv.slice(2)

const chunk = (index: number) => new Uint8Array(1024 * 1024).fill(index)

/** A job that is nowhere in memory. */
const job = (count: number, parts: number) => {
  const hash = createHash("sha256")
  for (let index = 0; index < count; index++) hash.update(chunk(index))
  const document = {
    ...content(""),
    size: count * chunk(0).length,
    sha256: hash.digest("hex"),
    bytes: undefined,
    // One at a time, or all of them would be made at once.
    stream: Stream.map(Stream.range(0, count - 1).pipe(Stream.rechunk(1)), chunk),
    collect: Effect.die("a large document is not collected")
  }
  const decoded = (part: number): ResultDocument.Decoded => ({
    rows: Array.from({ length: 1000 }, (_, index) => row({ annotation_index: part * 1000 + index, label: "car" })),
    problems: []
  })
  const parsed = {
    ...record({ job: "a" }).parsed,
    rows: () => Stream.map(Stream.range(0, parts - 1).pipe(Stream.rechunk(1)), decoded)
  }
  return record({ job: "a", document, parsed, nested: [{ ...document, mediaType: "image/png" }] })
}

/** Not `resourceUsage().maxRSS`: on Linux a process begins with that of the one that started it. */
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1024

const pass = (count: number, parts: number) => Effect.andThen(run({ file }, [[job(count, parts)]]), inspected(file))

// Code is compiled and caches are filled first.
await Effect.runPromise(pass(8, 10))
const before = peak()
await Effect.runPromise(pass(Number(mebibytes), Number(thousands)))
process.stdout.write(String(peak() - before))

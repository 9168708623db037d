/** Large data, made as it is read, and what memory it costs a sink. */
import { type Content, type JobSink, ResultDocument } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { inMemory, utf8 } from "../contents.ts"
import { job } from "../jobs.ts"

const rectangle = (index: number): string =>
  `{"_id":"r-${index}","label":"car","attributes":{"note":{"value":"${String(index % 10).repeat(4000)}"}},` +
  "\"coordinates\":[{\"x\":0.1,\"y\":0.2},{\"x\":0.3,\"y\":0.2},{\"x\":0.3,\"y\":0.4},{\"x\":0.1,\"y\":0.4}]}"

const chunksOfMegabyte = 16
const perChunk = 16

/** A document with this many megabytes of rectangles, in chunks of about 64 KB. */
function* chunks(megabytes: number): Generator<Uint8Array> {
  const count = megabytes * chunksOfMegabyte
  yield utf8("{\"data\":{\"annotations\":{\"rectangles\":[")
  for (let chunk = 0; chunk < count; chunk++) {
    // What has been read is garbage: it must not be taken for something that the sink holds.
    if (chunk % 128 === 0) globalThis.gc?.()
    const part = Array.from({ length: perChunk }, (_, n) => rectangle(chunk * perChunk + n)).join(",")
    yield utf8(chunk === 0 ? part : `,${part}`)
  }
  yield utf8("]}}}")
}

/** Size and hash, and how many annotations there are, of the document that {@link large} stores. */
export const largeDocument = (
  megabytes: number
): { readonly size: number; readonly sha256: string; readonly annotations: number } => {
  const hash = createHash("sha256")
  let size = 0
  for (const chunk of chunks(megabytes)) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest("hex"), annotations: megabytes * chunksOfMegabyte * perChunk }
}

const megabyte = 1024 * 1024

/**
 * Peak memory as the system reports it. Not `resourceUsage().maxRSS`: on Linux a process starts with the peak of its
 * parent.
 */
const highest = (): number => {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024
  } catch {
    return process.memoryUsage.rss()
  }
}

/** How far memory grows beyond its earlier peak, sampled if the system does not report a peak. */
const watch = () => {
  const before = highest()
  let peak = before
  const look = () => void (peak = Math.max(peak, highest()))
  const timer = setInterval(look, 50)
  return {
    end: () => {
      look()
      clearInterval(timer)
      return peak - before
    }
  }
}

/** Megabytes of the document that comes first: code is compiled and caches are filled before memory is measured. */
const warm = 8

/** Stores a document that is never in memory. Returns how much more memory it takes than one of 8 MB. */
export const large = Effect.fnUntraced(function*(sink: JobSink.OpenSink, megabytes: number) {
  yield* storeOne(sink, "warm", warm)
  const memory = watch()
  yield* storeOne(sink, "large", megabytes)
  return memory.end()
})

const storeOne = Effect.fnUntraced(function*(sink: JobSink.OpenSink, jobId: string, megabytes: number) {
  const { sha256, size } = largeDocument(megabytes)
  const stream = Stream.suspend(() => Stream.fromIterable(chunks(megabytes), { chunkSize: 1 }))
  const document: Content.Content = {
    size,
    sha256,
    mediaType: "application/json",
    bytes: undefined,
    path: undefined,
    stream,
    collect: Effect.map(Stream.runCollect(stream), (parts) => new Uint8Array(Buffer.concat(parts)))
  }
  yield* sink.stage(jobId, [yield* holding(jobId, document)])
  yield* sink.commit(jobId)
})

/** A record with this document, of which nothing is read here. */
const holding = Effect.fnUntraced(function*(jobId: string, document: Content.Content) {
  const { record } = yield* job({ job: jobId, document: "{}" })
  const parsed = yield* ResultDocument.open(document)
  return { ...record, document, parsed, revision: { document: document.sha256, attachments: "" } }
})

/** A document of 256 KB, different for each job. */
const quarter = (id: number): Uint8Array =>
  Buffer.concat([utf8(`{"of":${id},"text":"`), Buffer.alloc(megabyte / 4, String(id % 10)), utf8("\"}")])

/** Stores jobs of 256 KB in batches of up to eight; answers how much memory grows after the first megabytes. */
export const volume = Effect.fnUntraced(function*(sink: JobSink.OpenSink, megabytes: number, maxRecords: number) {
  const size = Math.min(8, maxRecords)
  const first = 16
  let memory: ReturnType<typeof watch> | undefined
  let stored = 0
  for (let batch = 0; stored < megabytes * 4 + first; batch++) {
    if (memory === undefined && stored >= first) memory = watch()
    const records = yield* Effect.forEach(
      Array.from({ length: size }, (_, n) => stored + n),
      (id) => holding(`job-${id}`, inMemory(quarter(id), "application/json"))
    )
    yield* sink.stage(`v-${batch}`, records)
    yield* sink.commit(`v-${batch}`)
    stored += size
    globalThis.gc?.()
  }
  return memory?.end() ?? 0
})

/** Large data, made as it is read, and what memory it costs a sink. */
import { type Content, type JobSink, ResultDocument } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { utf8 } from "../contents.ts"
import { job, recordsOf } from "../jobs.ts"

const rectangle = (index: number): string =>
  `{"_id":"r-${index}","label":"car","attributes":{"note":{"value":"${String(index % 10).repeat(4000)}"}},` +
  "\"coordinates\":[{\"x\":0.1,\"y\":0.2},{\"x\":0.3,\"y\":0.2},{\"x\":0.3,\"y\":0.4},{\"x\":0.1,\"y\":0.4}]}"

/** A document with so many megabytes of rectangles, in chunks of about 64 KB. */
function* chunks(megabytes: number): Generator<Uint8Array> {
  const perChunk = 16
  const count = megabytes * 16
  yield utf8("{\"data\":{\"annotations\":{\"rectangles\":[")
  for (let chunk = 0; chunk < count; chunk++) {
    // What has been read is garbage: it must not be taken for something that the sink holds.
    if (chunk % 32 === 0) globalThis.gc?.()
    const part = Array.from({ length: perChunk }, (_, n) => rectangle(chunk * perChunk + n)).join(",")
    yield utf8(chunk === 0 ? part : `,${part}`)
  }
  yield utf8("]}}}")
}

/** Size and hash of what {@link large} stores. */
export const largeDocument = (megabytes: number): { readonly size: number; readonly sha256: string } => {
  const hash = createHash("sha256")
  let size = 0
  for (const chunk of chunks(megabytes)) {
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest("hex") }
}

const megabyte = 1024 * 1024

/** The most that is resident beyond the start, looked at ten times in a second and whenever asked. */
const watch = () => {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let peak = before
  const look = () => void (peak = Math.max(peak, process.memoryUsage.rss()))
  const timer = setInterval(look, 50)
  return {
    look,
    end: () => {
      look()
      clearInterval(timer)
      return peak - before
    }
  }
}

/** Stores one large document that is nowhere in memory. */
export const large = Effect.fnUntraced(function*(sink: JobSink.OpenSink, megabytes: number) {
  const known = largeDocument(megabytes)
  const stream = Stream.suspend(() => Stream.fromIterable(chunks(megabytes), { chunkSize: 1 }))
  const document: Content.Content = {
    ...known,
    mediaType: "application/json",
    bytes: undefined,
    path: undefined,
    stream,
    collect: Effect.map(Stream.runCollect(stream), (parts) => new Uint8Array(Buffer.concat(parts)))
  }
  const small = yield* job({ job: "small", document: "{}" })
  const parsed = yield* ResultDocument.open(document)
  const revision = { document: known.sha256, attachments: "" }
  // The code that will run is loaded and compiled before memory is measured.
  yield* sink.stage("small", recordsOf([small]))
  yield* sink.abort("small")
  const memory = watch()
  yield* sink.stage("large", [{ ...small.record, jobId: "large", document, parsed, revision }])
  yield* sink.commit("large")
  return memory.end()
})

/** Stores jobs of 256 KB in batches of up to eight; answers the growth after the first megabytes. */
export const volume = Effect.fnUntraced(function*(sink: JobSink.OpenSink, megabytes: number, maxRecords: number) {
  const size = Math.min(8, maxRecords)
  const warm = 16
  let memory: ReturnType<typeof watch> | undefined
  let stored = 0
  for (let batch = 0; stored < megabytes * 4 + warm; batch++) {
    if (memory === undefined && stored >= warm) memory = watch()
    const jobs = yield* Effect.forEach(
      Array.from({ length: size }, (_, n) => stored + n),
      (id) => job({ job: `job-${id}`, document: { of: id, text: String(id % 10).repeat(megabyte / 4) } })
    )
    yield* sink.stage(`v-${batch}`, recordsOf(jobs))
    yield* sink.commit(`v-${batch}`)
    stored += size
    globalThis.gc?.()
    memory?.look()
  }
  return memory?.end() ?? 0
})

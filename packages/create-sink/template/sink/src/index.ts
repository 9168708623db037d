/** Stores each job as one JSON file: its ids, and its result document and nested files in base64. */
import { type Content, JobSink, SimpleSink, SinkPlugin } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createHash, randomUUID } from "node:crypto"
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"

export const Options = Schema.Struct({
  directory: SinkPlugin.LocalPath.annotate({ description: "Folder to write into. Created if it is missing." })
})

export const make = (options: typeof Options.Type): JobSink.JobSink => {
  const directory = resolve(options.directory)

  const failure = (step: "open" | "stage") => (cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
    const isFinal = ["EACCES", "EEXIST", "ENOTDIR", "EROFS"].includes(code)
    const reason = isFinal ? "misconfigured" : "unavailable"
    const detail = `cannot write into ${directory} (${code})`
    return new JobSink.SinkError({ sink: "shelf", step, reason, detail, cause })
  }

  const encode = (content: Content.Content) =>
    Effect.mapBoth(content.collect, {
      onFailure: failure("stage"),
      onSuccess: (bytes) => Buffer.from(bytes).toString("base64")
    })

  const store = Effect.fnUntraced(function*({ attachments, batchId, document, jobId }: JobSink.JobRecord) {
    const text = JSON.stringify({
      batchId,
      jobId,
      document: yield* encode(document),
      attachments: yield* Effect.forEach(attachments, ({ content }) => encode(content))
    })
    // Ids come from a server, so they cannot serve as file names.
    const name = createHash("sha256").update(JSON.stringify([batchId, jobId])).digest("hex")
    const part = join(directory, `${randomUUID()}.part`)
    const publish = async () => {
      try {
        await writeFile(part, text)
        await rename(part, join(directory, `${name}.json`))
      } finally {
        await rm(part, { force: true })
      }
    }
    yield* Effect.uninterruptible(Effect.tryPromise({ try: publish, catch: failure("stage") }))
  })

  return SimpleSink.fromWriter({
    name: "shelf",
    id: `shelf:${directory}`,
    // The file of a changed job replaces the older one, and the same job gives the same bytes.
    capabilities: { keying: "upsert", deterministic: true },
    open: Effect.as(
      Effect.tryPromise({ try: () => mkdir(directory, { recursive: true }), catch: failure("open") }),
      (records) => Effect.forEach(records, store, { discard: true })
    )
  })
}

export default SinkPlugin.define({ name: "shelf", version: "0.1.0", options: Options, make })

/** Wrappers around the reference sink that store, describe, or return something else than they were given. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Flaw, rows, steps, stored } from "./memoryFlaw.ts"

const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)

let made = 0

/** By the id of the rule. */
export const contentFlaws: Readonly<Record<string, Flaw>> = {
  L01: {
    says: /inspect finds .*"Modified"/,
    also: ["X01"],
    change: (sink) => {
      const ghost = { projectId: "", batchId: "", jobId: "", revision: { document: "", attachments: "" }, rows: [] }
      const empty = new Uint8Array()
      return steps(sink, (open, store) => ({
        stage: (token, records) =>
          Effect.andThen(Effect.sync(() => store.jobs.delete("ghost")), open.stage(token, records)),
        finish: (end) =>
          Effect.andThen(
            open.finish(end),
            Effect.sync(() => {
              if (store.jobs.size === 0) store.jobs.set("ghost", { ...ghost, document: empty, attachments: [] })
            })
          )
      }))
    }
  },
  L02: {
    says: /made twice, it describes itself differently/,
    change: (sink) => ({ ...sink, version: String(made++) })
  },
  W01: {
    says: /job "image-segmentation": nested file 0 differs/,
    change: (sink) =>
      stored(
        sink,
        (job) => ({ ...job, attachments: job.attachments.map((file) => new TextEncoder().encode(text(file))) })
      )
  },
  W02: {
    says: /within the limits: job "job-64" is missing/,
    change: (sink) => stored(sink, (job, _, batch) => batch.length >= 64 && job === batch.at(-1) ? undefined : job)
  },
  W03: {
    says: /job "texts": label of annotation \d+ is "nul ", not "nul \\u0000 inside"/,
    change: (sink) => rows(sink, (row) => ({ ...row, label: row.label.split("\0", 1).join() }))
  },
  W08: {
    says: /job "zero-0": x_min of annotation 0 is 0, not -0/,
    change: (sink) => rows(sink, (row) => ({ ...row, x_min: row.x_min === null ? null : row.x_min + 0 }))
  },
  W04: {
    says: /job "together": attributes of annotation 0 is .*, not .*__proto__/,
    change: (sink) =>
      rows(sink, (row) => {
        if (!row.attributes.includes("__proto__")) return row
        const kept: Record<string, unknown> = {}
        for (const [name, value] of Object.entries(JSON.parse(row.attributes) as object)) kept[name] = value
        return { ...row, attributes: JSON.stringify(kept) }
      })
  },
  S01: {
    says: /job "null": attributes of annotation 0 /,
    change: (sink) => rows(sink, (row) => ({ ...row, attributes: row.attributes.replace("\"name\":null,", "") }))
  },
  S02: {
    says: /job "second": attributes of annotation 0 is .*, not .*added/,
    change: (sink) => {
      let isKnown = false
      return rows(sink, (row) => {
        const isLost = isKnown && row.attributes.includes("\"added\"")
        if (row.attributes.includes("\"known\"")) isKnown = true
        return isLost ? { ...row, attributes: "{\"known\":1}" } : row
      })
    }
  },
  S03: {
    says: /job "third": x_min of annotation 0 is null, not 0.1/,
    change: (sink) => {
      let isEmpty: boolean | undefined
      return rows(sink, (row) => {
        isEmpty ??= row.x_min === null && row.geometry === "[]"
        return isEmpty && row.x_min !== null ? { ...row, x_min: null } : row
      })
    }
  },
  S04: {
    says: /job "spaced": the document differs/,
    change: (sink) =>
      stored(
        sink,
        (job) =>
          /^\s/.test(text(job.document))
            ? { ...job, document: new TextEncoder().encode(text(job.document).trim()) }
            : job
      )
  },
  R01: {
    says: /with a changed document, and stored again, inspect finds/,
    // Believes that it has what it has a revision of.
    change: (sink) =>
      stored(
        sink,
        (job, before) =>
          before?.revision.document === job.revision.document && before.document.length !== job.document.length
            ? before
            : job
      )
  },
  V02: {
    says: /inspect names another project/,
    change: (sink) => ({
      ...sink,
      inspect: (depth) =>
        Stream.map(
          sink.inspect(depth),
          (found) => found.map((item) => item._tag === "Intact" ? { ...item, projectId: "" } : item)
        )
    })
  },
  V03: { says: /replayed: .* is missing \(6 are\)/, change: (sink) => ({ ...sink, replay: Stream.empty }) }
}

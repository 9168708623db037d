/** The sizes of a job's images: from a mask of the same frame, from the stored input, or from a further source. */
import * as Effect from "effect/Effect"
import type { Content } from "../../Content.ts"
import type { GtStudio } from "../../GtStudio.ts"
import type { About } from "../../GtStudioError.ts"
import { firstBytes, ImageHeader, type Reader } from "../../ImageHeader.ts"
import type { JobRecord, Size } from "../../JobSink.ts"
import type { InputRef } from "../../ResultDocument.ts"
import { noHeader, type Source, type Unsized } from "../../Sizes.ts"
import { firstOf } from "../firstBytes.ts"
import { counted, reasonOf } from "./reasons.ts"

/** Where to look besides the job itself. */
export interface Looking {
  readonly source: Source | undefined
  readonly gtStudio: Pick<GtStudio["Service"], "firstBytes">
  /** Images of a job that are looked for at the same time. */
  readonly concurrency: number
}

/** What was found, and what was looked for in vain. Without a source, images without bytes are not looked for. */
export interface Measured {
  readonly sizes: JobRecord["sizes"]
  readonly unsized: ReadonlyArray<Unsized>
}

type Measurable = Pick<JobRecord, "projectId" | "batchId" | "jobId" | "parsed" | "attachments">

/** Finds the sizes that are not `known` of the images of a job. */
export const measure = (job: Measurable, known: JobRecord["sizes"], looking: Looking): Effect.Effect<Measured> =>
  looking.source === undefined && job.attachments.length === 0
    ? Effect.succeed({ sizes: known, unsized: [] })
    : measured(job, known, looking)

const measured = Effect.fnUntraced(function*(
  job: Measurable,
  known: JobRecord["sizes"],
  { concurrency, gtStudio, source }: Looking
): Effect.fn.Return<Measured> {
  const { batchId, jobId, parsed: { inputs }, projectId } = job
  const reader = yield* ImageHeader
  const none = { sizes: known, unsized: [] }
  if (source === undefined && reader === undefined) return none
  const missing = Array.from(inputs.entries()).filter(([index, { kind }]) => kind === "image" && !known.has(index))
  if (missing.length === 0) return none
  const stored = new Stored(job)
  const about = { projectId, batchId, jobId }
  const found = yield* Effect.forEach(
    missing,
    ([, input]) =>
      Effect.flatMap(stored.sizeOf(input, reader), (size) =>
        typeof size !== "object" && source !== undefined
          ? ask(source, input, { reader, gtStudio, about })
          : Effect.succeed(size)),
    { concurrency }
  )
  const sizes = new Map(known)
  const reasons: Array<string> = []
  for (const [at, size] of found.entries()) {
    if (typeof size === "object") sizes.set(missing[at]![0], size)
    else if (size !== undefined) reasons.push(size)
  }
  return { sizes, unsized: counted(reasons) }
})

/** The stored files of a job that an image's size can be read from. */
class Stored {
  private readonly byIndex = new Map<number, Content>()
  private readonly masks = new Map<string, Content>()
  /** Images of each frame that has a mask which names no sensor: such a mask is one of the only image. */
  private readonly images = new Map<string | null, number>()

  constructor({ attachments, parsed }: Pick<JobRecord, "attachments" | "parsed">) {
    for (const { content, ref } of attachments) {
      this.byIndex.set(ref.index, content)
      if (ref.role === "mask") this.masks.set(placeOf(ref.frameId, ref.sensorId), content)
    }
    if (this.masks.size === 0) return
    for (const { frameId, kind } of parsed.inputs) {
      if (kind === "image") this.images.set(frameId, (this.images.get(frameId) ?? 0) + 1)
    }
  }

  /** A size, or why there is none; undefined if no file was stored. */
  sizeOf(input: InputRef, reader: Reader | undefined): Effect.Effect<Size | string | undefined> {
    const { attachmentIndex, frameId, sensorId } = input
    const mask = this.masks.get(placeOf(frameId, sensorId))
      ?? (this.images.get(frameId) === 1 ? this.masks.get(placeOf(frameId, null)) : undefined)
    const own = attachmentIndex === null ? undefined : this.byIndex.get(attachmentIndex)
    if (reader === undefined || (mask === undefined && own === undefined)) return Effect.undefined
    const ofMask = mask === undefined ? Effect.succeed(noHeader) : sizeIn(mask, reader)
    return own === undefined || own === mask
      ? ofMask
      : Effect.flatMap(ofMask, (size) => typeof size === "object" ? Effect.succeed(size) : sizeIn(own, reader))
  }
}

const placeOf = (frameId: string | null, sensorId: string | null) => JSON.stringify([frameId, sensorId])

const sizeIn = ({ bytes, stream }: Content, reader: Reader): Effect.Effect<Size | string> =>
  bytes !== undefined
    ? Effect.sync(() => reader(bytes.subarray(0, firstBytes)) ?? noHeader)
    // Bytes that can no longer be read fail the job when a sink stores it.
    : Effect.match(firstOf(stream), { onFailure: () => noHeader, onSuccess: (first) => reader(first) ?? noHeader })

interface Asking extends Pick<Looking, "gtStudio"> {
  readonly reader: Reader | undefined
  readonly about: About
}

const ask = (source: Source, { url }: InputRef, { about, gtStudio, reader }: Asking): Effect.Effect<Size | string> => {
  if (source._tag === "Fixed") return Effect.succeed(source.size)
  if (url === null) return Effect.succeed("no address")
  if (source._tag === "Lookup") return source.find(url)
  const scheme = /^([a-z][a-z0-9+.-]{0,15}):/i.exec(url.trim())?.[1]?.toLowerCase()
  if (scheme === undefined) return Effect.succeed("no address")
  if (scheme !== "http" && scheme !== "https") return Effect.succeed(`scheme ${scheme}`)
  if (reader === undefined) return Effect.succeed("no ImageHeader is provided")
  return Effect.match(gtStudio.firstBytes(url, about), {
    onFailure: reasonOf,
    onSuccess: (first) => reader(first) ?? noHeader
  })
}

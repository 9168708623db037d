/**
 * The path of small documents: parsed once to open them and to read their rows once.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Content } from "../../Content.ts"
import { attachmentsOf } from "./attachmentRefs.ts"
import { detect, type Found } from "./detect.ts"
import { parseBytes } from "./exactJson.ts"
import type { InputMedia } from "./inputMedia.ts"
import { mediaRows } from "./mediaRows.ts"
import type { Decoded, JobRef, ResultDocument } from "./openDocument.ts"
import { planOf, runStep, type Step } from "./readingPlan.ts"
import { inputMediaOf } from "./readInputs.ts"
import { RowWriter } from "./rows/rowWriter.ts"
import { addFrames, addMeta, addSensors, type Frame, type FrameInput, type Sensor } from "./scan/frames.ts"
import { elementMentions, type Lists, type Mention } from "./scan/mentions.ts"

/** A list in memory. */
const parsedLists: Lists = {
  first: (list) => list[0],
  size: (list) => list.length,
  mentions: (list, kind, path) => {
    const out: Array<Mention> = []
    for (let i = 0; i < list.length; i++) elementMentions(kind, list[i], `${path}/${i}`, out)
    return out
  },
  frames: (list, path) => {
    const out: Array<Frame> = []
    addFrames(list, 0, path, out)
    return out
  },
  sensors: (list, path) => {
    const out: Array<FrameInput> = []
    addSensors(list, 0, path, out)
    return out
  },
  meta: (list) => {
    const out = new Map<string, Sensor>()
    addMeta(list, out)
    return out
  }
}

/**
 * A document as its bytes say, or undefined if they are not JSON in UTF-8. With `keepsValues`, its values are held until
 * its rows are read, so that the first reading need not parse them again; for good if the content is not in memory.
 */
export const openParsed = (
  bytes: Uint8Array,
  content: Content,
  inputs: boolean,
  keepsValues: boolean
): ResultDocument | undefined => {
  const document = parseBytes(bytes)
  if (document === undefined) return undefined
  const found = detect(document, parsedLists)
  const attachments = attachmentsOf(found, parsedLists, inputs)
  const media = inputMediaOf(found, parsedLists, attachments)
  return {
    resultType: found.type,
    wrapped: found.wrapped,
    attachments,
    inputs: media.inputs,
    media: mediaRows(media),
    rows: keepsValues ? keptRows(new Values(found, media, content.bytes)) : parsedRows(content, media)
  }
}

/**
 * The values to decode. V8 keeps what a stream refers to until it collects all garbage, so that the values of a thousand
 * documents would pile up and each be moved several times: a stream refers to this, which lets go of them.
 */
class Values {
  /** What the document says of its inputs: their own texts, which are kept. */
  readonly media: InputMedia
  private found: Found | undefined
  private readonly bytes: Uint8Array | undefined

  /** Needs the values or the bytes. Without bytes, the values stay for further readings. */
  constructor(found: Found | undefined, media: InputMedia, bytes: Uint8Array | undefined) {
    this.found = found
    this.media = media
    this.bytes = bytes
  }

  /** Hands over the steps and lets go of the values. */
  take(): ReadonlyArray<Step> {
    const found = this.found ?? detect(parseBytes(this.bytes!), parsedLists)
    if (this.bytes !== undefined) this.found = undefined
    return planOf(found, parsedLists)
  }
}

/** One run over the steps of a document, a thousand rows at a time. */
class Reading {
  private readonly steps: ReadonlyArray<Step>
  private readonly out: RowWriter
  private step = 0
  private from = 0

  constructor(steps: ReadonlyArray<Step>, out: RowWriter) {
    this.steps = steps
    this.out = out
  }

  /** Returns the next rows and problems, or undefined when there are no more. */
  next(): Decoded | undefined {
    for (; this.step < this.steps.length; this.step++, this.from = 0) {
      const from = runStep(this.steps[this.step]!, this.from, this.out)
      if (from === undefined) continue
      this.from = from
      return this.out.take()
    }
    return this.out.waiting > 0 ? this.out.take() : undefined
  }
}

// Two functions, because V8 keeps what one closure of a function refers to for all its closures.

const keptRows = (values: Values): ResultDocument["rows"] => (job) => rows(values, job)

/** Reads rows of content that is parsed for each reading. */
const parsedRows = (content: Content, media: InputMedia): ResultDocument["rows"] => (job) =>
  content.bytes === undefined
    ? Stream.unwrap(Effect.map(content.collect, (bytes) => rows(new Values(undefined, media, bytes), job)))
    : rows(new Values(undefined, media, content.bytes), job)

const rows = (values: Values, job: JobRef): Stream.Stream<Decoded> =>
  Stream.fromPull(Effect.sync(() => {
    const reading = new Reading(values.take(), new RowWriter(job, values.media))
    return Effect.suspend(() => {
      const decoded = reading.next()
      return decoded === undefined ? Cause.done() : Effect.succeed([decoded] as const)
    })
  }))

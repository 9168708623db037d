/**
 * The path of small documents: parsed once to open them and to read their rows once.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { attachmentsOf } from "./attachmentRefs.ts"
import { detect, type Found } from "./detect.ts"
import { parseBytes } from "./exactJson.ts"
import { inputMediaOf, mediaRows } from "./inputMedia.ts"
import type { Decoded, ResultDocument } from "./openDocument.ts"
import { planOf, runStep, type Step } from "./readingPlan.ts"
import { RowWriter } from "./rows/rowWriter.ts"
import { addIntrinsics, elementMentions, type Frame, framesOf, type Lists, type Mention } from "./scan/mentions.ts"

/** A list in memory. */
const parsedLists: Lists = {
  first: (list) => list[0],
  size: (list) => list.length,
  mentions: (list, kind, path) => {
    const out: Array<Mention> = []
    for (let i = 0; i < list.length; i++) elementMentions(kind, list[i], `${path}/${i}`, out)
    return out
  },
  frames: (list, kind, path) => {
    const out: Array<Frame> = []
    framesOf(list, 0, kind, path, out)
    return out
  },
  intrinsics: (list) => {
    const out = new Map<string, string>()
    addIntrinsics(list, out)
    return out
  }
}

const planOfFound = (found: Found) => planOf(found, parsedLists)

/**
 * A document as its bytes say, or undefined where they are not JSON in UTF-8. With `held`, the bytes stay in memory
 * anyway: then its values are let go once rows were read, and parsed again for each further reading.
 */
export const openParsed = (bytes: Uint8Array, held: boolean, inputs: boolean): ResultDocument | undefined => {
  const document = parseBytes(bytes)
  if (document === undefined) return undefined
  const found = detect(document, parsedLists)
  const plan = new Plan(planOfFound(found), held ? bytes : undefined)
  const attachments = attachmentsOf(found, parsedLists, inputs)
  const media = inputMediaOf(found, parsedLists, attachments)
  return {
    resultType: found.type,
    wrapped: found.wrapped,
    attachments,
    media: (job) => mediaRows(media, job),
    rows: (job) => rows(plan, () => new RowWriter(job, media))
  }
}

/**
 * What to decode, values included. V8 keeps what a stream refers to until it collects all garbage, so that the values of
 * a thousand documents would pile up and each be moved several times: a stream refers to this, which lets go of them.
 */
class Plan {
  private steps: ReadonlyArray<Step> | undefined
  private readonly bytes: Uint8Array | undefined

  constructor(steps: ReadonlyArray<Step>, bytes: Uint8Array | undefined) {
    this.steps = steps
    this.bytes = bytes
  }

  take(): ReadonlyArray<Step> {
    if (this.bytes === undefined) return this.steps!
    const steps = this.steps ?? planOfFound(detect(parseBytes(this.bytes), parsedLists))
    this.steps = undefined
    return steps
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

  /** The next rows and problems, undefined when there are no more. */
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

const rows = (plan: Plan, writer: () => RowWriter): Stream.Stream<Decoded> =>
  Stream.fromPull(Effect.sync(() => {
    const reading = new Reading(plan.take(), writer())
    return Effect.suspend(() => {
      const decoded = reading.next()
      return decoded === undefined ? Cause.done() : Effect.succeed([decoded] as const)
    })
  }))

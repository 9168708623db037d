/**
 * The path of large documents: one scan finds out what opening needs, each run over the rows scans again. Both parse the
 * elements of lists a few at a time, so that memory does not grow with the document.
 */
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../../Content.ts"
import type { ResultDocument } from "../../ResultDocument.ts"
import { attachmentsOf } from "./attachments.ts"
import { detect } from "./detect.ts"
import { broken, parseElements } from "./elements.ts"
import type { ListKind } from "./layout.ts"
import { elementMentions, type Lists, type Mention } from "./mentions.ts"
import { planOf, rowsAtOnce, runStep, type Step } from "./plan.ts"
import { type Decoded, RowWriter } from "./rowWriter.ts"
import { type ScanHandler, Scanner, type Wanted } from "./scanner.ts"

/** A single element or legend may take this many bytes, or as many as are parsed whole if that is more. */
const heldLimit = 64 * 1024 * 1024

interface Seen {
  readonly kind: ListKind
  readonly path: string
  readonly mentions: Array<Mention>
  first: unknown
}

/** What opening needs of the lists: the first element of each, and the files that elements name. */
class Survey implements ScanHandler, Lists {
  private readonly seen: Array<Seen> = []
  private readonly inputs: boolean

  constructor(inputs: boolean) {
    this.inputs = inputs
  }

  list(id: number, kind: ListKind, path: string): Wanted {
    this.seen[id] = { kind, path, mentions: [], first: undefined }
    return kind === "masks" || this.inputs && (kind === "frames" || kind === "sensors") ? "all" : "some"
  }

  elements(bytes: Uint8Array, index: number, count: number): void {
    const list = this.seen.at(-1)!
    const values = parseElements(bytes, count)
    if (index === 0) list.first = values[0] === broken ? null : values[0]
    for (let i = 0; i < values.length; i++) {
      elementMentions(list.kind, values[i], `${list.path}/${index + i}`, list.mentions)
    }
  }

  tooLong(index: number): void {
    if (index === 0) this.seen.at(-1)!.first = null
  }

  // In a skeleton a list holds its number instead of its elements.
  first(list: ReadonlyArray<unknown>): unknown {
    return this.seen[list[0] as number]?.first
  }

  mentions(list: ReadonlyArray<unknown>): ReadonlyArray<Mention> {
    return this.seen[list[0] as number]?.mentions ?? []
  }
}

/** One scan over a document: what opening needs is known when all bytes went by. */
export class Scan {
  readonly inputs: boolean
  private readonly limit: number
  private survey: Survey | undefined
  private scanner: Scanner | undefined
  private bytes = 0

  constructor(inputs: boolean, parseLimit: number) {
    this.inputs = inputs
    this.limit = Math.max(heldLimit, parseLimit)
  }

  /** Forgets what it has seen: the bytes come again from the first. */
  begin(): void {
    this.survey = undefined
    this.scanner = undefined
    this.bytes = 0
  }

  /** Takes the next bytes; does not keep them. */
  push(chunk: Uint8Array): void {
    this.bytes += chunk.length
    this.scanner ??= new Scanner(this.survey = new Survey(this.inputs), this.limit)
    this.scanner.push(chunk)
  }

  /** Whether it has seen all of the content. */
  isOf(content: Content): boolean {
    return this.bytes === content.size
  }

  /** The document, its rows to be read from the content that was scanned. */
  open(content: Content): ResultDocument {
    const { inputs, limit, scanner, survey = new Survey(inputs) } = this
    scanner?.end()
    const found = detect(scanner?.broken === false ? parseSkeleton(scanner.skeleton) : undefined, survey)
    const passes = passesOf(planOf(found, survey))
    return {
      resultType: found.type,
      wrapped: found.wrapped,
      attachments: attachmentsOf(found, survey, inputs),
      rows: ({ batchId, jobId }) => Stream.suspend(() => rows(content, passes, new RowWriter(batchId, jobId), limit))
    }
  }
}

/** Opens a document that is too large to be parsed as a whole, by what a scan has found or by scanning it. */
export const openScanned = (
  content: Content,
  inputs: boolean,
  parseLimit: number,
  scan?: Scan
): Effect.Effect<ResultDocument, ContentError> =>
  Effect.suspend(() => {
    if (scan?.isOf(content) === true && scan.inputs === inputs) return Effect.succeed(scan.open(content))
    const own = new Scan(inputs, parseLimit)
    return Effect.map(
      Stream.runForEach(content.stream, (chunk) => Effect.sync(() => own.push(chunk))),
      () => own.open(content)
    )
  })

const parseSkeleton = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Rows come in the order of the plan, lists in the order of the bytes. They differ only where a document repeats a key or
 * has whole numbers for keys; then it is read as often as the order turns back.
 */
const passesOf = (plan: ReadonlyArray<Step>): ReadonlyArray<ReadonlyArray<Step>> => {
  const passes: Array<Array<Step>> = [[]]
  let last = -1
  for (const step of plan) {
    const id = idOf(step)
    if (id !== undefined) {
      if (id < last) passes.push([])
      last = id
    }
    passes.at(-1)!.push(step)
  }
  return passes
}

const idOf = (step: Step): number | undefined => step.kind === "list" ? step.list[0] as number : undefined

const rows = (
  content: Content,
  passes: ReadonlyArray<ReadonlyArray<Step>>,
  out: RowWriter,
  limit: number
): Stream.Stream<Decoded, ContentError> =>
  Stream.fromIterable(passes).pipe(
    Stream.flatMap((steps) => passRows(content, steps, out, limit)),
    Stream.concat(Stream.suspend(() => out.waiting === 0 ? Stream.empty : Stream.succeed(out.take())))
  )

const passRows = (content: Content, steps: ReadonlyArray<Step>, out: RowWriter, limit: number) => {
  const reader = new Reader(steps, out)
  const end = Stream.suspend(() => Stream.fromIterable(reader.end()))
  if (steps.every(({ kind }) => kind !== "list")) return end
  const scanner = new Scanner(reader, limit)
  return Stream.concat(
    Stream.transformPull(content.stream, (pull) => {
      // Small pieces, and a thousand rows at a time, whatever the content gives at once: what waits here is memory.
      let chunks: ReadonlyArray<Uint8Array> = []
      let chunk = 0
      let at = 0
      const next: Pull.Pull<readonly [Decoded], ContentError> = Effect.suspend(() => {
        for (; chunk < chunks.length; chunk++, at = 0) {
          const bytes = chunks[chunk]!
          for (;;) {
            const decoded = reader.take()
            if (decoded !== undefined) return Effect.succeed([decoded] as const)
            if (at >= bytes.length) break
            scanner.push(bytes.subarray(at, at + pieceLength))
            at += pieceLength
          }
        }
        return refill
      })
      const refill = Effect.flatMap(pull, (more) => {
        chunks = more
        chunk = 0
        return next
      })
      return Effect.succeed(next)
    }),
    end
  )
}

const pieceLength = 128 * 1024

/** Decodes the lists of one pass as they go by. */
class Reader implements ScanHandler {
  private readonly steps: ReadonlyArray<Step>
  private readonly out: RowWriter
  private next = 0
  private nextList = 0
  private current: Extract<Step, { readonly kind: "list" }> | undefined
  private ready: Array<Decoded> = []

  constructor(steps: ReadonlyArray<Step>, out: RowWriter) {
    this.steps = steps
    this.out = out
    this.findList(0)
  }

  list(id: number): Wanted {
    const step = this.steps[this.nextList]
    this.current = step?.kind === "list" && idOf(step) === id ? step : undefined
    if (this.current === undefined) return "none"
    this.runTo(this.nextList)
    this.findList(this.nextList + 1)
    return "all"
  }

  elements(bytes: Uint8Array, index: number, count: number): void {
    const step = this.current
    if (step === undefined) return
    const { decode, path } = step
    const out = this.out
    const values = parseElements(bytes, count)
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      const at = `${path}/${index + i}`
      if (value === broken) out.problem(at, "not JSON")
      else decode(value, at, out)
      if (out.waiting >= rowsAtOnce) this.ready.push(out.take())
    }
  }

  tooLong(index: number): void {
    if (this.current !== undefined) this.out.problem(`${this.current.path}/${index}`, "too long to be read")
  }

  /** The oldest rows that are complete, if any. */
  take(): Decoded | undefined {
    return this.ready.shift()
  }

  /** Says that no bytes follow, and hands over what is left. */
  end(): ReadonlyArray<Decoded> {
    this.runTo(this.steps.length)
    return this.ready
  }

  private findList(from: number) {
    this.nextList = from
    while (this.nextList < this.steps.length && this.steps[this.nextList]!.kind !== "list") this.nextList++
  }

  /** Runs the steps before a position that need no list. */
  private runTo(at: number) {
    for (; this.next < at; this.next++) {
      const step = this.steps[this.next]!
      if (step.kind === "list") continue
      for (let from = runStep(step, 0, this.out); from !== undefined; from = runStep(step, from, this.out)) {
        this.ready.push(this.out.take())
      }
    }
  }
}

/**
 * The rows of a large document, read from where a scan has found the elements of its lists.
 */
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../../../Content.ts"
import { HeldBytes } from "../heldBytes.ts"
import type { InputMedia } from "../inputMedia.ts"
import type { Decoded, ResultDocument } from "../openDocument.ts"
import { rowsAtOnce, runStep, type Step } from "../readingPlan.ts"
import { broken, parseElements } from "../rows/elements.ts"
import { RowWriter } from "../rows/rowWriter.ts"
import type { Elements } from "./scanner.ts"

type ListStep = Extract<Step, { readonly kind: "list" }>

/** Elements to be read, and the number of the step that decodes them. */
interface Part extends Elements {
  readonly step: number
}

/** Reads rows as often as they are asked for. `lists` says where the elements of each list lie, by its number. */
export const scannedRows = (
  content: Content,
  plan: ReadonlyArray<Step>,
  lists: ReadonlyArray<ReadonlyArray<Elements>>,
  media: InputMedia
): ResultDocument["rows"] => {
  const passes = passesOf(plan)
  return (job) =>
    Stream.suspend(() => {
      const out = new RowWriter(job, media)
      return Stream.fromIterable(passes).pipe(
        Stream.flatMap((steps) => passRows(content, new Reader(steps, lists, out))),
        Stream.concat(Stream.suspend(() => out.waiting === 0 ? Stream.empty : Stream.succeed(out.take())))
      )
    })
}

/**
 * Rows come in the order of the plan, lists in the order of the bytes. They differ only where a document repeats a key or
 * has whole numbers for keys; then it is read as often as the order turns back.
 */
const passesOf = (plan: ReadonlyArray<Step>): ReadonlyArray<ReadonlyArray<Step>> => {
  const passes: Array<Array<Step>> = [[]]
  let last = -1
  for (const step of plan) {
    if (step.kind === "list") {
      const id = idOf(step)
      if (id < last) passes.push([])
      last = id
    }
    passes.at(-1)!.push(step)
  }
  return passes
}

// In a skeleton a list holds its number instead of its elements.
const idOf = ({ list }: ListStep) => list[0] as number

const passRows = (content: Content, reader: Reader): Stream.Stream<Decoded, ContentError> => {
  const end = Stream.suspend(() => Stream.fromIterable(reader.end()))
  if (reader.isDone) return end
  return Stream.concat(
    Stream.transformPull(content.stream, (pull) => {
      // Small chunks, and a thousand rows at a time, whatever the content emits at once: waiting rows take memory.
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
            reader.push(bytes.subarray(at, at + pieceLength))
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

/** Decodes the lists of one pass as the bytes go by. */
class Reader {
  private readonly steps: ReadonlyArray<Step>
  private readonly parts: ReadonlyArray<Part>
  private readonly out: RowWriter
  private next = 0
  private nextPart = 0
  /** Bytes of the document that went by. */
  private passed = 0
  private readonly held = new HeldBytes(Number.POSITIVE_INFINITY)
  private ready: Array<Decoded> = []

  constructor(steps: ReadonlyArray<Step>, lists: ReadonlyArray<ReadonlyArray<Elements>>, out: RowWriter) {
    this.steps = steps
    this.parts = steps.flatMap((step, index) =>
      step.kind === "list" ? (lists[idOf(step)] ?? []).map((elements) => ({ ...elements, step: index })) : []
    )
    this.out = out
  }

  /** Whether no bytes are needed any more. */
  get isDone(): boolean {
    return this.nextPart === this.parts.length
  }

  /** Reads the next bytes. The chunk is not kept. */
  push(chunk: Uint8Array): void {
    const end = this.passed + chunk.length
    for (; this.nextPart < this.parts.length; this.nextPart++) {
      const part = this.parts[this.nextPart]!
      if (part.from >= end) break
      const from = Math.max(0, part.from - this.passed)
      if (part.to > end) {
        this.held.add(chunk.slice(from))
        break
      }
      this.read(part, this.held.take(chunk.subarray(from, part.to - this.passed))!)
    }
    this.passed = end
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

  private read({ count, from, index, step, to }: Part, bytes: Uint8Array) {
    this.runTo(step)
    const { decode, path } = this.steps[step] as ListStep
    const out = this.out
    if (from === to) return out.problem(`${path}/${index}`, "too long to be read")
    const values = parseElements(bytes, count)
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      const at = `${path}/${index + i}`
      if (value === broken) out.problem(at, "not JSON")
      else decode(value, at, out)
      if (out.waiting >= rowsAtOnce) this.ready.push(out.take())
    }
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

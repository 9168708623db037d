/**
 * The path of large documents: one scan finds out what opening needs and where the elements of lists lie, which each run
 * over the rows then reads. Both parse elements a few at a time, so that memory does not grow with the document.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Content, ContentError } from "../../../Content.ts"
import { attachmentsOf } from "../attachmentRefs.ts"
import { detect } from "../detect.ts"
import { parseJson } from "../exactJson.ts"
import type { ListKind } from "../layout.ts"
import { mediaRows } from "../mediaRows.ts"
import type { ResultDocument } from "../openDocument.ts"
import { planOf } from "../readingPlan.ts"
import { inputMediaOf } from "../readInputs.ts"
import { broken, parseElements } from "../rows/elements.ts"
import { addFrames, addMeta, addSensors, type Frame, type FrameInput, type Sensor } from "./frames.ts"
import { elementMentions, type Lists, type Mention } from "./mentions.ts"
import { scannedRows } from "./scannedRows.ts"
import { type Elements, type ScanHandler, Scanner, type Wanted } from "./scanner.ts"

/** A single element or legend may take this many bytes, or as many as are parsed whole if that is more. */
const heldLimit = 64 * 1024 * 1024

/** What is said of bytes that are not JSON from the first to the last. */
export const notComplete = "JSON that is not complete"

interface Seen {
  readonly kind: ListKind
  readonly path: string
  readonly mentions: Array<Mention>
  readonly frames: Array<Frame>
  readonly sensors: Array<FrameInput>
  readonly meta: Map<string, Sensor>
  readonly lying: Array<Elements>
  first: unknown
}

/** What is to be known of the lists: the first element of each, the files that elements name, and where elements lie. */
class Survey implements ScanHandler, Lists {
  private readonly seen: Array<Seen> = []

  list(id: number, kind: ListKind, path: string): Wanted {
    this.seen[id] = {
      kind,
      path,
      mentions: [],
      frames: [],
      sensors: [],
      meta: new Map(),
      lying: [],
      first: undefined
    }
    return kind === "shapes" || kind === "annotations" || kind === "legend" ? "some" : "all"
  }

  elements(bytes: Uint8Array, index: number, count: number): void {
    const list = this.seen.at(-1)!
    const values = parseElements(bytes, count)
    if (index === 0) list.first = values[0] === broken ? null : values[0]
    if (list.kind === "frames") addFrames(values, index, list.path, list.frames)
    else if (list.kind === "sensors") addSensors(values, index, list.path, list.sensors)
    else if (list.kind === "meta") addMeta(values, list.meta)
    else {
      for (let i = 0; i < values.length; i++) {
        elementMentions(list.kind, values[i], `${list.path}/${index + i}`, list.mentions)
      }
    }
  }

  lying(elements: Elements): void {
    const list = this.seen.at(-1)!
    list.lying.push(elements)
    if (elements.index === 0 && elements.from === elements.to) list.first = null
  }

  // In a skeleton a list holds its number instead of its elements.
  first(list: ReadonlyArray<unknown>): unknown {
    return this.seen[list[0] as number]?.first
  }

  size(list: ReadonlyArray<unknown>): number {
    return this.seen[list[0] as number]?.lying.reduce((sum, { count }) => sum + count, 0) ?? 0
  }

  frames(list: ReadonlyArray<unknown>): ReadonlyArray<Frame> {
    return this.seen[list[0] as number]?.frames ?? []
  }

  sensors(list: ReadonlyArray<unknown>): ReadonlyArray<FrameInput> {
    return this.seen[list[0] as number]?.sensors ?? []
  }

  meta(list: ReadonlyArray<unknown>): ReadonlyMap<string, Sensor> {
    return this.seen[list[0] as number]?.meta ?? new Map()
  }

  mentions(list: ReadonlyArray<unknown>): ReadonlyArray<Mention> {
    return this.seen[list[0] as number]?.mentions ?? []
  }

  /** The positions of the elements of each list, by the number in its skeleton. */
  get lists(): ReadonlyArray<ReadonlyArray<Elements>> {
    return this.seen.map(({ lying }) => lying)
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
    this.scanner ??= new Scanner(this.survey = new Survey(), this.limit)
    this.scanner.push(chunk)
  }

  /** Whether it has seen all of the content. */
  isOf(content: Content): boolean {
    return this.bytes === content.size
  }

  /** The document, its rows to be read from the content that was scanned. */
  open(content: Content): ResultDocument {
    const { inputs, scanner, survey = new Survey() } = this
    scanner?.end()
    const document = scanner?.broken === false ? parseSkeleton(scanner.skeleton) : undefined
    const found = detect(document, survey)
    const attachments = attachmentsOf(found, survey, inputs)
    const media = inputMediaOf(found, survey, attachments)
    return {
      resultType: found.type,
      ...(document === undefined ? { doubt: notComplete } : {}),
      wrapped: found.wrapped,
      attachments,
      inputs: media.inputs,
      media: mediaRows(media),
      rows: scannedRows(content, planOf(found, survey), survey.lists, media)
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
    return parseJson(text)
  } catch {
    return undefined
  }
}

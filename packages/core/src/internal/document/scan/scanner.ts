/**
 * Scans the chunks of a JSON document, finds the elements of its known lists, and emits them as bytes, many at a time
 * if they are adjacent. It finds where values begin and end but does not parse them, so its output is JSON only if the
 * document is. It holds at most one unfinished element, and the places that `layout` reads completely.
 */
import { HeldBytes } from "../heldBytes.ts"
import { escapePointer } from "../json.ts"
import { type ListKind, type Place, type Places, root } from "../layout.ts"
import { Inside } from "./inside.ts"

/** Which elements of a list are handed on: those that may matter for opening, or all. */
export type Wanted = "some" | "all"

/** Elements of one list that lie together, separated by commas. */
export interface Elements {
  /** Bytes of the document before the first of them. */
  readonly from: number
  /** Position in the document after the last byte; equals `from` for an element longer than what may be held. */
  readonly to: number
  /** Position of the first of them in the list. */
  readonly index: number
  readonly count: number
}

/** Receives what the scanner finds. Lists are numbered from 0 in the order of the document. */
export interface ScanHandler {
  /** A list begins. */
  readonly list: (id: number, kind: ListKind, path: string) => Wanted
  /** `count` elements of the list that began last, separated by commas. The bytes are valid during the call only. */
  readonly elements: (bytes: Uint8Array, index: number, count: number) => void
  /** Positions of elements of the list that began last: each element once, in order. */
  readonly lying: (elements: Elements) => void
}

/** Elements that lie together are handed on in pieces of about this many bytes. */
const bytesAtOnce = 64 * 1024

const quote = 0x22
const comma = 0x2c
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

// What the scanner expects next, or is inside of.
const Value = 0, FirstValue = 1, Key = 2, FirstKey = 3, Colon = 4, After = 5, Nested = 6, Text = 7, Word = 8, End = 9
const Mark = 10

/** An object that is being read; lists are never nested in one another, so they need no frame. */
interface ObjectFrame {
  readonly places: Places
  key: string
  empty: boolean
}

/** Reads one document, from its first byte to its last, once. */
export class Scanner {
  /** The document without its lists' elements, each list being `[id]`; JSON text once the scan is complete. */
  skeleton = ""
  /** Whether the bytes so far cannot be JSON. */
  broken = false

  private readonly handler: ScanHandler
  private readonly limit: number
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  private readonly stack: Array<ObjectFrame> = []
  private state = Mark
  private place: Place | undefined = root
  private lists = 0

  // The list that is being read, if any.
  private inList = false
  private wanted: Wanted = "some"
  private index = 0
  private pendingFrom = -1
  private pendingTo = -1
  private pendingCount = 0
  private passed = 0
  private elementFrom = 0
  private lyingFrom = 0
  private lyingTo = 0
  private lyingIndex = 0
  private lyingCount = 0

  // The value, key or element that is being read.
  private start = 0
  private taking = false
  private readingKey = false
  private markBytes = 0
  private readonly held: HeldBytes
  private readonly inside = new Inside()

  constructor(handler: ScanHandler, limit: number) {
    this.handler = handler
    this.limit = limit
    this.held = new HeldBytes(limit)
  }

  /** Reads the next bytes. The chunk is not kept. */
  push(chunk: Uint8Array): void {
    if (this.broken) return
    this.start = 0
    let at = 0
    try {
      while (at < chunk.length) at = this.step(chunk, at)
      this.handOn(chunk)
      if (this.taking) this.held.add(chunk.slice(this.start))
      this.passed += chunk.length
    } catch (error) {
      if (error !== notJson) throw error
      this.broken = true
    }
  }

  /** Says that no bytes follow. Afterwards the document is `broken`, or `skeleton` is complete. */
  end(): void {
    if (this.broken) return
    if (this.state === Word && this.stack.length === 0) this.push(new Uint8Array([0x20]))
    this.broken = this.broken || this.state !== End
  }

  private step(chunk: Uint8Array, from: number): number {
    switch (this.state) {
      case Nested:
        return this.nested(chunk, from)
      case Text:
        return this.string(chunk, from)
      case Word:
        return this.word(chunk, from)
      case Mark:
        return this.mark(chunk, from)
    }
    const byte = chunk[from]!
    if (isSpace(byte)) {
      let at = from + 1
      while (at < chunk.length && isSpace(chunk[at]!)) at++
      return at
    }
    switch (this.state) {
      case FirstValue:
        if (byte === 0x5d) return this.endList(chunk, from + 1)
        return this.value(byte, from)
      case Value:
        return this.value(byte, from)
      case FirstKey:
        if (byte === 0x7d) return this.endObject(from + 1)
        return this.key(byte, from)
      case Key:
        return this.key(byte, from)
      case Colon:
        if (byte !== 0x3a) return fail()
        this.state = Value
        return from + 1
      case After:
        return this.after(chunk, byte, from)
      default:
        return fail()
    }
  }

  /** Passes over a byte order mark, which may be cut by a chunk's end. */
  private mark(chunk: Uint8Array, from: number): number {
    const byte = chunk[from]!
    if (this.markBytes < 3 && byte === [0xef, 0xbb, 0xbf][this.markBytes]) {
      this.markBytes++
      if (this.markBytes === 3) this.state = Value
      return from + 1
    }
    if (this.markBytes > 0) return fail()
    this.state = Value
    return from
  }

  private value(byte: number, from: number): number {
    const place = this.place
    const isArray = byte === 0x5b
    if (this.inList) {
      this.taking = true
      this.elementFrom = this.passed + from
      this.inside.notable = this.index === 0
    } else if (isArray && place?.list !== undefined) {
      return this.beginList(place.list, from + 1)
    } else if (byte === 0x7b && place?.object !== undefined) {
      this.stack.push({ places: place.object, key: "", empty: true })
      this.skeleton += "{"
      this.state = FirstKey
      return from + 1
    } else {
      this.taking = place !== undefined && (byte === 0x7b ? place.whole === true : !isArray)
    }
    this.start = from
    this.readingKey = false
    if (byte === quote) {
      this.beginText()
      return from + 1
    }
    if (isArray || byte === 0x7b) {
      this.emptied = isArray ? "[]" : "{}"
      this.state = Nested
      this.inside.depth = 1
      return from + 1
    }
    if (byte === comma || byte === 0x3a || byte === 0x5d || byte === 0x7d) return fail()
    this.state = Word
    return from
  }

  /** What is in the skeleton for a value that is skipped. */
  private emptied = "[]"

  private key(byte: number, from: number): number {
    if (byte !== quote) return fail()
    this.start = from
    this.taking = true
    this.readingKey = true
    this.beginText()
    return from + 1
  }

  private nested(chunk: Uint8Array, from: number): number {
    const at = this.inside.toEnd(chunk, from)
    return this.inside.depth === 0 ? this.endValue(chunk, at) : at
  }

  private string(chunk: Uint8Array, from: number): number {
    const at = this.inside.toQuote(chunk, from)
    return this.inside.inString ? at : this.endValue(chunk, at)
  }

  private beginText() {
    this.state = Text
    this.inside.inString = true
  }

  /** Runs to the end of a number or literal. */
  private word(chunk: Uint8Array, from: number): number {
    let at = from
    while (at < chunk.length) {
      const byte = chunk[at]!
      if (byte === comma || byte === 0x5d || byte === 0x7d || isSpace(byte)) {
        return this.endValue(chunk, at)
      }
      if (byte === quote || byte === 0x7b || byte === 0x5b || byte === 0x3a) return fail()
      at++
    }
    return at
  }

  private endValue(chunk: Uint8Array, to: number): number {
    this.state = this.stack.length === 0 ? End : After
    if (this.inList) {
      this.endElement(chunk, to)
    } else if (this.readingKey) {
      this.endKey(parseKey(this.takeText(chunk, to) ?? fail()))
    } else if (this.place !== undefined) {
      const text = this.taking ? this.takeText(chunk, to) : this.emptied
      this.skeleton += text ?? "null"
      if (this.skeleton.length > this.limit) fail()
    }
    return to
  }

  private endKey(key: string) {
    const frame = this.stack.at(-1)!
    this.place = frame.places.keys.get(key) ?? frame.places.other
    frame.key = key
    this.state = Colon
    if (this.place === undefined) return
    this.skeleton += `${frame.empty ? "" : ","}${JSON.stringify(key)}:`
    frame.empty = false
  }

  private after(chunk: Uint8Array, byte: number, from: number): number {
    if (byte === comma) {
      this.state = this.inList ? Value : Key
      return from + 1
    }
    if (this.inList) return byte === 0x5d ? this.endList(chunk, from + 1) : fail()
    return byte === 0x7d ? this.endObject(from + 1) : fail()
  }

  private endObject(at: number): number {
    this.stack.pop()
    this.skeleton += "}"
    this.state = this.stack.length === 0 ? End : After
    return at
  }

  private beginList(kind: ListKind, at: number): number {
    const id = this.lists++
    this.skeleton += `[${id}]`
    this.inList = true
    this.index = 0
    this.state = FirstValue
    this.wanted = this.handler.list(id, kind, this.stack.map(({ key }) => `/${escapePointer(key)}`).join(""))
    return at
  }

  private endList(chunk: Uint8Array, at: number): number {
    this.handOn(chunk)
    this.tellLying()
    this.inList = false
    this.state = After
    return at
  }

  private endElement(chunk: Uint8Array, to: number) {
    const index = this.index++
    this.taking = false
    if (this.held.size > 0) {
      const bytes = this.held.take(chunk.subarray(this.start, to))
      if (bytes === undefined) {
        this.tellLying()
        this.handler.lying({ from: this.elementFrom, to: this.elementFrom, index, count: 1 })
        return
      }
      this.handler.elements(bytes, index, 1)
    } else if (this.wanted === "some") {
      if (this.inside.notable) this.handler.elements(chunk.subarray(this.start, to), index, 1)
    } else {
      if (this.pendingCount === 0) this.pendingFrom = this.start
      this.pendingTo = to
      this.pendingCount++
      if (to - this.pendingFrom >= bytesAtOnce) this.handOn(chunk)
    }
    if (this.lyingCount++ === 0) {
      this.lyingFrom = this.elementFrom
      this.lyingIndex = index
    }
    this.lyingTo = this.passed + to
    if (this.lyingTo - this.lyingFrom >= bytesAtOnce) this.tellLying()
  }

  /** Reports where the elements up to the last one are. */
  private tellLying() {
    if (this.lyingCount === 0) return
    this.handler.lying({ from: this.lyingFrom, to: this.lyingTo, index: this.lyingIndex, count: this.lyingCount })
    this.lyingCount = 0
  }

  /** Hands on the elements that lie together in the chunk so far, without the one that is being read. */
  private handOn(chunk: Uint8Array) {
    const count = this.pendingCount
    if (count === 0) return
    this.pendingCount = 0
    const before = this.index - count
    this.handler.elements(chunk.subarray(this.pendingFrom, this.pendingTo), before, count)
  }

  private takeText(chunk: Uint8Array, to: number): string | undefined {
    this.taking = false
    const bytes = this.held.take(chunk.subarray(this.start, to))
    try {
      return bytes === undefined ? undefined : this.decoder.decode(bytes)
    } catch {
      return fail()
    }
  }
}

const notJson = new Error("not JSON")

const fail = (): never => {
  throw notJson
}

const parseKey = (text: string): string => {
  try {
    return JSON.parse(text) as string
  } catch {
    return fail()
  }
}

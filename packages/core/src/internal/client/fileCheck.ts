/**
 * Decides whether the bytes of a download can be the file that was asked for. It watches the bytes go by and keeps their
 * two ends. Whether a result document is complete JSON is for the one who parses it.
 */
import { always, countsLines, endBytes, type Ends, extensionOf, formats } from "./fileFormat.ts"

/** What speaks against the bytes. */
export interface Fault {
  /** What came, for people. */
  readonly detail: string
  /**
   * `page`: a web page. `error`: nothing, or the error of a storage or a gateway. Neither is ever a file. `doubt`:
   * accepted if another download returns the same bytes, because a project's own code may write anything. `unproven`:
   * the same, for bytes without a fault that do not show that they are complete.
   */
  readonly kind: "page" | "error" | "doubt" | "unproven"
}

/** Roots of web pages, and of the pieces of such that gateways send. */
const page = /^<(?:!doctype\s+html|html|head|body|title|meta|center|div|script|style|iframe|h[1-6]|p)\b/i
/** Roots of the errors that storages and gateways send as XML. */
const xmlError = /^<(?:[\w-]+:)?\w*(?:error|fault|exception)\w*[\s/>]/i
/** What may stand before the root. */
const prolog = /^(?:\s|\ufeff|<\?[^>]*\?>|<!--.*?-->|<!doctype\s+(?!html)[^>]*>)+/is

/** An error in JSON is shorter than this. */
const errorLimit = 16 * 1024

const decoder = new TextDecoder()

/** One download. */
export class FileCheck {
  private readonly extension: string
  private head: Uint8Array = new Uint8Array(0)
  private tail: Uint8Array = new Uint8Array(0)
  private size = 0
  private lines = 0

  /** Checks the file with this URL, as the platform names it. */
  constructor(url: string) {
    this.extension = extensionOf(url)
  }

  /** Forgets what it has seen: the bytes come again from the first. */
  begin(): void {
    this.head = this.tail = new Uint8Array(0)
    this.size = this.lines = 0
  }

  /** Takes the next bytes; does not keep them. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.size += chunk.length
    const missing = endBytes - this.head.length
    if (missing > 0) this.head = joined(this.head, chunk.subarray(0, missing))
    if (chunk.length >= endBytes) this.tail = chunk.slice(-endBytes)
    else this.tail = joined(this.tail.subarray(Math.max(0, this.tail.length + chunk.length - endBytes)), chunk)
    if (countsLines(this.head)) this.lines += linesIn(chunk)
  }

  /** Takes all bytes at once; keeps them while it lives. */
  take(bytes: Uint8Array): void {
    this.head = bytes.subarray(0, endBytes)
    this.tail = bytes.subarray(-endBytes)
    this.size = bytes.length
    this.lines = countsLines(bytes) ? linesIn(bytes) : 0
  }

  /** What speaks against the bytes that went by, or undefined. `hasLength`: whether their number was declared. */
  fault(mediaType: string | null, hasLength = true): Fault | undefined {
    const { extension, head, lines, size, tail } = this
    const wanted = formats.find(({ extensions }) => extensions.includes(extension))
    // Nearly all files are result documents: no page, no error in XML, and none of the formats begins as these do.
    if (wanted === undefined && beginsJson(head)) return hasLength ? undefined : unproven
    const text = decoder.decode(head).replace(prolog, "")
    if (size <= endBytes && text.trim() === "") return { kind: "error", detail: "nothing (an empty body)" }
    if (page.test(text) && !/^x?html?$/.test(extension)) return pageFault
    if (xmlError.test(text)) return { kind: "error", detail: `an XML error${codeOf(text)}` }
    const ends: Ends = { head, tail, size, lines }
    const found = formats.find(({ begins }) => begins(ends))
    if (found !== undefined) {
      if (!found.isComplete(ends)) return { kind: "doubt", detail: `${found.name} that ends too early` }
      return hasLength || found.isComplete !== always ? undefined : unproven
    }
    if (mediaType === "text/html" && !/^[[{]/.test(text) && !/^x?html?$/.test(extension)) return pageFault
    if (wanted === undefined) return hasLength ? undefined : unproven
    return size <= errorLimit && isJsonError(text)
      ? { kind: "error", detail: "an error message in JSON" }
      : { kind: "doubt", detail: `other bytes than ${wanted.name} begins with` }
  }
}

const unproven: Fault = { kind: "unproven", detail: "bytes without a length that differ with each download" }

const pageFault: Fault = { kind: "page", detail: "an HTML page" }

/** The error's own code, or nothing: codes are words of letters, and anything else could be anything. */
const codeOf = (text: string): string => {
  const code = /<Code>([a-z]{1,40})<\/Code>/i.exec(text)?.[1]
  return code === undefined ? "" : ` (${code})`
}

const isJsonError = (text: string): boolean => text.startsWith("{") && /"(?:errors?|message|success)"\s*:/i.test(text)

const beginsJson = (head: Uint8Array): boolean => head[0] === 0x7b || head[0] === 0x5b

const linesIn = (bytes: Uint8Array): number => {
  let lines = 0
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lines++
  return lines
}

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  if (a.length === 0) return new Uint8Array(b)
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

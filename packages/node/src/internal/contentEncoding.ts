/**
 * Undoes content encodings with Node's zlib. The output of a small body is bounded by the memory limit: what grows
 * beyond it, a bomb included, comes as a stream that is inflated no faster than it is read.
 */
import type { Transport } from "@labelstream/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { pipeline, Readable, type Transform } from "node:stream"
import * as zlib from "node:zlib"
import { fromDecoding, make } from "./transportFailure.ts"

type Coding = "gzip" | "deflate" | "deflate-raw" | "br" | "zstd"

const codings: Readonly<Record<string, Coding>> = {
  "gzip": "gzip",
  "x-gzip": "gzip",
  "deflate": "deflate",
  "br": "br",
  "zstd": "zstd"
}

// Codings that exist (IANA's registry) and that are not supported here. Any other word is not a coding: object stores
// keep whatever was set for a file, such as upload framing, a charset, or a media type, and return its bytes unchanged.
const unsupported = new Set(["aes128gcm", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress"])

// Below this an inflation in place costs less than handing it to another thread.
const inPlace = 32 * 1024

/** The codings of a `content-encoding` header, last applied first; undefined if one cannot be undone. */
export const parse = (header: string | undefined): ReadonlyArray<Coding> | undefined => {
  if (header === undefined) return []
  const result: Array<Coding> = []
  for (const word of header.toLowerCase().split(",")) {
    const name = word.trim()
    if (unsupported.has(name)) return undefined
    const coding = Object.hasOwn(codings, name) ? codings[name] : undefined
    if (coding !== undefined) result.unshift(coding)
  }
  return result
}

// "deflate" means zlib's format, and some servers send the bare one; the first byte distinguishes them.
const refine = (coding: Coding, first: number | undefined): Coding =>
  coding === "deflate" && first !== undefined && (first & 0x0f) !== 8 ? "deflate-raw" : coding

const magic: Partial<Record<Coding, ReadonlyArray<number>>> = { gzip: [0x1f, 0x8b], zstd: [0x28, 0xb5, 0x2f, 0xfd] }

/**
 * Whether bytes are not in the coding that the header names: a proxy has decoded them and left the header. Codings
 * without a signature are skipped if decoding fails on bytes that begin as JSON or an image does.
 */
const isPlain = (coding: Coding, head: Uint8Array): boolean =>
  magic[coding]?.some((byte, at) => at < head.length && head[at] !== byte) ?? false

const looksPlain = (head: Uint8Array): boolean => {
  const first = head.find((byte) => byte > 0x20)
  return first === 0x7b || first === 0x5b || first === 0x89 || first === 0xff
}

interface OneShot {
  readonly sync: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
  readonly async: (
    bytes: Uint8Array,
    options: { maxOutputLength: number },
    callback: (cause: Error | null, result: Uint8Array) => void
  ) => void
}

const oneShot: Readonly<Record<Coding, OneShot>> = {
  "gzip": { sync: zlib.gunzipSync, async: zlib.gunzip },
  "deflate": { sync: zlib.inflateSync, async: zlib.inflate },
  "deflate-raw": { sync: zlib.inflateRawSync, async: zlib.inflateRaw },
  "br": { sync: zlib.brotliDecompressSync, async: zlib.brotliDecompress },
  "zstd": { sync: zlib.zstdDecompressSync, async: zlib.zstdDecompress }
}

const engine: Readonly<Record<Coding, () => Transform>> = {
  "gzip": () => zlib.createGunzip(),
  "deflate": () => zlib.createInflate(),
  "deflate-raw": () => zlib.createInflateRaw(),
  "br": () => zlib.createBrotliDecompress(),
  "zstd": () => zlib.createZstdDecompress()
}

const decodeOnce = (
  bytes: Uint8Array,
  coding: Coding,
  maxOutputLength: number
): Effect.Effect<Uint8Array, Cause.UnknownError> => {
  if (isPlain(coding, bytes)) return Effect.succeed(bytes)
  const { async, sync } = oneShot[refine(coding, bytes[0])]
  const options = { maxOutputLength: Math.max(1, maxOutputLength) }
  return bytes.byteLength <= inPlace
    ? Effect.try(() => plain(sync(bytes, options)))
    : Effect.callback((resume) => {
      async(
        bytes,
        options,
        (cause, result) =>
          resume(cause === null ? Effect.succeed(plain(result)) : Effect.fail(new Cause.UnknownError(cause)))
      )
    })
}

const plain = (buffer: Uint8Array) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)

async function* decodeChunks(source: AsyncIterable<Uint8Array>, coding: Coding): AsyncGenerator<Uint8Array> {
  const input = source[Symbol.asyncIterator]()
  const head = await input.next()
  if (head.done === true) return
  const rest = async function*() {
    try {
      yield head.value
      for (let step = await input.next(); step.done !== true; step = await input.next()) yield step.value
    } finally {
      await input.return?.()
    }
  }
  if (isPlain(coding, head.value)) {
    yield* rest()
    return
  }
  const decoder = engine[refine(coding, head.value[0])]()
  // The callback is there to hear of errors; they surface again where the decoder is read.
  pipeline(Readable.from(rest(), { highWaterMark: 1 }), decoder, () => {})
  for await (const chunk of decoder) yield plain(chunk)
}

const decodeStream = (
  encoded: Stream.Stream<Uint8Array, Transport.TransportError>,
  codingsToUndo: ReadonlyArray<Coding>
): Stream.Stream<Uint8Array, Transport.TransportError> =>
  Stream.suspend(() =>
    Stream.fromAsyncIterable(
      codingsToUndo.reduce<AsyncIterable<Uint8Array>>(decodeChunks, Stream.toAsyncIterable(encoded)),
      fromDecoding
    )
  )

/** Decodes what the response's `content-encoding` names. An empty body stays empty, whatever the header says. */
export const decode = (
  response: Transport.TransportResponse,
  memoryLimit: number
): Effect.Effect<Transport.TransportResponse, Transport.TransportError> => {
  const { body } = response
  const header = response.header("content-encoding")
  if (header === undefined || (body._tag === "Bytes" && body.bytes.byteLength === 0)) return Effect.succeed(response)
  const wanted = parse(header)
  if (wanted === undefined) return Effect.fail(make("Protocol", "CONTENT_ENCODING"))
  const [coding, ...others] = wanted
  if (coding === undefined) return Effect.succeed(response)
  if (body._tag === "Stream") {
    return Effect.succeed({ ...response, body: { _tag: "Stream", stream: decodeStream(body.stream, wanted) } })
  }
  const streamed = Effect.sync(() => ({
    ...response,
    body: { _tag: "Stream" as const, stream: decodeStream(Stream.succeed(body.bytes), wanted) }
  }))
  return others.length > 0 ? streamed : decodeOnce(body.bytes, coding, memoryLimit).pipe(
    Effect.map((bytes): Transport.TransportResponse => ({ ...response, body: { _tag: "Bytes", bytes } })),
    Effect.catch(({ cause }) =>
      (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
        ? streamed
        : magic[coding] === undefined && looksPlain(body.bytes)
        ? Effect.succeed(response)
        : Effect.fail(fromDecoding(cause))
    )
  )
}

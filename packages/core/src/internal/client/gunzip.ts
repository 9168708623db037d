/**
 * Reads bodies that are gzip although no header says so: stores keep such files next to their lost metadata. Files whose
 * names or media types say that they are archives stay as they are.
 */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { TransportError, type TransportResponse } from "../../Transport.ts"
import { extensionOf } from "./fileFormat.ts"

type Body = Stream.Stream<Uint8Array, TransportError>

/** The first bytes of gzip: its mark, and the one method there is. */
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8

/** Whether a body is in memory and not gzip, as nearly all are. */
export const isPlain = ({ body }: TransportResponse): boolean => body._tag === "Bytes" && !isGzip(body.bytes)

/** Whether a file is meant to be gzip, by its URL and its media type. */
export const isArchive = (url: string, mediaType: string | null): boolean => {
  const extension = extensionOf(url)
  return /^(?:t?gz|svgz)$/.test(extension) ||
    /^(?:|bin)$/.test(extension) && /^application\/(?:x-)?gzip$/.test(mediaType ?? "")
}

// Node.js and browsers declare the two sides of it differently.
const gunzip = () => new DecompressionStream("gzip") as unknown as TransformStream<Uint8Array, Uint8Array>

const inflated = (body: Body): Body =>
  Stream.fromReadableStream({
    evaluate: () => Stream.toReadableStream(body).pipeThrough(gunzip()),
    onError: (error) =>
      error instanceof TransportError ? error : new TransportError({ failure: "Protocol", code: "GZIP" })
  })

/** Returns a body as it comes, or decompressed if its first chunk is gzip. */
const inflatedIfGzip = (body: Body): Body =>
  Stream.unwrap(Effect.gen(function*() {
    const pull = yield* Stream.toPull(body)
    const first = yield* Pull.matchEffect(pull, {
      onSuccess: (chunks) => Effect.succeed(chunks),
      onFailure: Effect.failCause,
      onDone: () => Effect.undefined
    })
    if (first === undefined) return Stream.empty
    const whole = Stream.concat(Stream.fromArray(first), Stream.fromPull(Effect.succeed(pull)))
    return isGzip(first[0]) ? inflated(whole) : whole
  }))

/** Returns the response, decompressed if its body is gzip. */
export const gunzipped = (response: TransportResponse): TransportResponse => {
  const { body } = response
  if (body._tag === "Stream") return { ...response, body: { _tag: "Stream", stream: inflatedIfGzip(body.stream) } }
  return isPlain(response)
    ? response
    : { ...response, body: { _tag: "Stream", stream: inflated(Stream.succeed(body.bytes)) } }
}

/** The same for an answer that is read as one array, of at most `limit` bytes; a longer one stays a stream. */
export const gunzippedAnswer = (
  response: TransportResponse,
  limit: number
): Effect.Effect<TransportResponse, TransportError> => {
  if (response.body._tag === "Stream" || !isGzip(response.body.bytes)) return Effect.succeed(response)
  const chunks: Array<Uint8Array> = []
  let size = 0
  const collect = Stream.runForEachWhile(inflated(Stream.succeed(response.body.bytes)), (chunk) => {
    chunks.push(chunk)
    size += chunk.length
    return Effect.succeed(size <= limit)
  })
  return Effect.map(collect, () => {
    if (size > limit) return { ...response, body: { _tag: "Stream", stream: Stream.empty } }
    const bytes = new Uint8Array(size)
    let at = 0
    for (const chunk of chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return { ...response, body: { _tag: "Bytes", bytes } }
  })
}

/** Contents as the engine hands them over: in memory, as a stream alone, or in a spool file. */
import { Content } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex")

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes that a sink may take as an array. */
export const inMemory = (bytes: Uint8Array, mediaType: string | null): Content.Content => ({
  size: bytes.length,
  sha256: sha256(bytes),
  mediaType,
  bytes,
  path: undefined,
  stream: Stream.suspend(() => Stream.make(bytes)),
  collect: Effect.succeed(bytes)
})

/** The same as a stream alone, in chunks of this many bytes; `before` runs before each chunk, with its number from 0. */
export const streamed = (
  bytes: Uint8Array,
  mediaType: string | null,
  chunkBytes = 64 * 1024,
  before: (chunk: number) => Effect.Effect<void, Content.ContentError> = () => Effect.void
): Content.Content => {
  const count = Math.max(1, Math.ceil(bytes.length / chunkBytes))
  const stream = Stream.range(0, count - 1).pipe(
    Stream.mapEffect((chunk) => Effect.as(before(chunk), bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)))
  )
  return {
    ...inMemory(bytes, mediaType),
    bytes: undefined,
    stream,
    collect: Effect.as(Stream.runDrain(stream), bytes)
  }
}

/** Content that cannot be read back, although everything about it is known. */
export const unreadable = (bytes: Uint8Array, mediaType: string | null): Content.Content =>
  streamed(
    bytes,
    mediaType,
    undefined,
    () => Effect.fail(new Content.ContentError({ operation: "read", code: "ENOENT", cause: new Error("gone") }))
  )

/**
 * Bytes of any size as chunks that fit a row each, compressed where that makes them smaller. Every chunk is a zstd frame
 * of its own, so the chunks of one file put together are a zstd file again.
 */
import type { Content, JobSink } from "@labelstream/core/sink"
import { Failure } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib"
import { attempt } from "./failure.ts"
import type { Pace } from "./pace.ts"
import type { Chunk } from "./tables.ts"

/** Bytes of a chunk before compression. A row of this size takes about 10 ms to store. */
export const chunkBytes = 4 * 1024 * 1024

export type Codec = "zstd" | "none"

/** Up to this size a call takes less than 0.3 ms; beyond it, other threads do the work. */
const small = 64 * 1024

/** Level 1: higher ones take two to five times as long for a tenth less. */
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

const compress = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  bytes.length <= small ?
    Effect.sync(() => zstdCompressSync(bytes, level)) :
    Effect.callback<Uint8Array>((resume) =>
      zstdCompress(bytes, level, (error, result) => resume(error === null ? Effect.succeed(result) : Effect.die(error)))
    )

/** Gives back what was compressed. Fails with what zlib throws on damaged bytes. */
export const restore = (codec: string, bytes: Uint8Array): Effect.Effect<Uint8Array, Failure.Problem> => {
  const broken = (cause: unknown) => new Failure.Problem("corrupt", "stored bytes cannot be decompressed", { cause })
  if (codec === "none") return Effect.succeed(bytes)
  if (codec !== "zstd") return Effect.fail(broken(undefined))
  const options = { maxOutputLength: chunkBytes }
  if (bytes.length <= small / 4) {
    return Effect.try({ try: () => zstdDecompressSync(bytes, options), catch: broken })
  }
  return Effect.callback((resume) =>
    zstdDecompress(
      bytes,
      options,
      (error, result) => resume(error === null ? Effect.succeed(result) : Effect.fail(broken(error)))
    )
  )
}

/** Stores one chunk. Throws. */
export type WriteChunk = (chunk: Chunk) => void

/** Media that are compressed already: trying costs time and gains nothing. */
const dense = /^(?:image\/(?!svg|bmp)|video\/|audio\/|application\/(?:zip|gzip|zstd))/

/**
 * Stores the bytes of a content chunk by chunk, at most one chunk in memory at a time. Fails with `rejected` where they
 * cannot be read back, or are not as many as announced.
 */
export const writeChunks = Effect.fnUntraced(function*(
  file: string,
  where: Failure.Where,
  content: Content.Content,
  codec: Codec,
  pace: Pace,
  write: WriteChunk
): Effect.fn.Return<void, JobSink.SinkError> {
  const isDense = codec === "none" || content.mediaType !== null && dense.test(content.mediaType)
  let chunk = 0
  const store = Effect.fnUntraced(function*(bytes: Uint8Array) {
    const packed = isDense || bytes.length === 0 ? bytes : yield* compress(bytes)
    const isPacked = packed.length < bytes.length
    const stored: Chunk = { chunk: chunk++, codec: isPacked ? "zstd" : "none", bytes: isPacked ? packed : bytes }
    yield* attempt(file, where, () => write(stored))
    yield* pace.spend(bytes.length >> 13)
  })
  const { bytes, size } = content
  if (bytes !== undefined && size <= small && bytes.length === size) {
    // Most documents: one call instead of several effects.
    yield* attempt(file, where, () => {
      const packed = isDense || size === 0 ? bytes : zstdCompressSync(bytes, level)
      write(packed.length < size ? { chunk: 0, codec: "zstd", bytes: packed } : { chunk: 0, codec: "none", bytes })
    })
    return yield* pace.spend(5)
  }
  if (bytes !== undefined) {
    if (bytes.length !== size) return yield* attempt(file, where, () => cut(size))
    for (let at = 0; at === 0 || at < size; at += chunkBytes) yield* store(bytes.subarray(at, at + chunkBytes))
    return
  }
  const held = new Uint8Array(Math.min(size, chunkBytes))
  let filled = 0
  let total = 0
  yield* Stream.runForEach(
    content.stream,
    Effect.fnUntraced(function*(incoming: Uint8Array) {
      total += incoming.length
      if (total > size) return yield* attempt(file, where, () => cut(size))
      for (let at = 0; at < incoming.length;) {
        const taken = Math.min(held.length - filled, incoming.length - at)
        held.set(incoming.subarray(at, at + taken), filled)
        at += taken
        filled += taken
        if (filled < held.length) continue
        yield* store(held)
        filled = 0
      }
    })
  ).pipe(Effect.catchTag("ContentError", (cause) => attempt(file, where, () => unreadable(cause))))
  if (total !== size) return yield* attempt(file, where, () => cut(size))
  if (filled > 0 || chunk === 0) yield* store(held.subarray(0, filled))
})

const cut = (size: number): never => {
  throw new Failure.Problem("rejected", `the downloaded bytes are not the ${size} that were announced`)
}

/** Throws the failure of a record whose bytes are no longer there. */
export const unreadable = (cause: unknown): never => {
  throw new Failure.Problem("rejected", "the downloaded bytes could not be read back: fetch the job again", { cause })
}

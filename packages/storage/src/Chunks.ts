/**
 * Bytes of any size as chunks for rows of a database, compressed if that makes them smaller. Every chunk is a zstd
 * frame, so the chunks of one file in order are a zstd file.
 */
import { type AnnotationModel, Content } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib"
import type { Chunk } from "./DatabaseTables.ts"
import { Problem } from "./Failure.ts"

/** Bytes of a chunk before compression. SQLite takes about 10 ms to store a row of this size. */
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
export const restore = (codec: string, bytes: Uint8Array): Effect.Effect<Uint8Array, Problem> => {
  const broken = (cause: unknown) => new Problem("corrupt", "stored bytes cannot be decompressed", { cause })
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

/** Media that are compressed already: trying costs time and gains nothing. */
const dense = /^(?:image\/(?!svg|bmp)|video\/|audio\/|application\/(?:zip|gzip|zstd))/

/**
 * Emits the bytes of a content chunk by chunk, with at most one chunk in memory. Fails with `rejected` if they cannot
 * be read back, or if their number is not as announced.
 */
export const write = Effect.fnUntraced(function*<E, R>(
  content: Content.Content,
  codec: Codec,
  take: (chunk: Chunk) => Effect.Effect<void, E, R>
): Effect.fn.Return<void, E | Problem, R> {
  const isDense = codec === "none" || content.mediaType !== null && dense.test(content.mediaType)
  let chunk = 0
  const packed = (bytes: Uint8Array, packed: Uint8Array): Chunk =>
    packed.length < bytes.length
      ? { chunk: chunk++, codec: "zstd", bytes: packed }
      : { chunk: chunk++, codec: "none", bytes }
  const store = (bytes: Uint8Array) =>
    isDense || bytes.length === 0
      ? take(packed(bytes, bytes))
      : Effect.flatMap(compress(bytes), (made) => take(packed(bytes, made)))
  const { bytes, size } = content
  if (bytes !== undefined) {
    if (bytes.length !== size) return yield* Effect.fail(cut(size))
    // Most documents: one call instead of several effects.
    if (size <= small) return yield* take(packed(bytes, isDense || size === 0 ? bytes : zstdCompressSync(bytes, level)))
    for (let at = 0; at < size; at += chunkBytes) yield* store(bytes.subarray(at, at + chunkBytes))
    return
  }
  const held = new Uint8Array(Math.min(size, chunkBytes))
  let filled = 0
  let total = 0
  yield* Stream.runForEach(
    content.stream,
    Effect.fnUntraced(function*(incoming: Uint8Array) {
      total += incoming.length
      if (total > size) return yield* Effect.fail(cut(size))
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
  ).pipe(Effect.catchIf(isContentError, (cause) => Effect.fail(unreadable(cause))))
  if (total !== size) return yield* Effect.fail(cut(size))
  if (filled > 0 || chunk === 0) yield* store(held.subarray(0, filled))
})

const isContentError = (error: unknown): error is Content.ContentError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "ContentError"

const cut = (size: number): Problem =>
  new Problem("rejected", `the downloaded bytes are not the ${size} that were announced`)

/** The rejection of a record whose bytes are gone. */
export const unreadable = (cause: unknown): Problem =>
  new Problem("rejected", "the downloaded bytes could not be read back: fetch the job again", { cause })

/** Reads the chunk after one, beginning with the one after -1; undefined after the last. */
export type Next<E> = (after: number) => Effect.Effect<Chunk | undefined, E>

/** sha256 of stored bytes; undefined if there are none, "" if they cannot be decompressed. */
export const hashOf = Effect.fnUntraced(function*<E>(next: Next<E>): Effect.fn.Return<string | undefined, E> {
  const hash = createHash("sha256")
  for (let last = -1;;) {
    const chunk = yield* next(last)
    if (chunk === undefined) return last === -1 ? undefined : hash.digest("hex")
    const bytes = yield* Effect.orElseSucceed(restore(chunk.codec, chunk.bytes), () => undefined)
    if (bytes === undefined) return ""
    hash.update(bytes)
    last = chunk.chunk
  }
})

/** Stored bytes as content. Reading it fails if the bytes no longer match the row. */
export const contentOf = (
  { bytes: size, media_type, revision: sha256 }: Pick<
    AnnotationModel.AttachmentRow,
    "revision" | "bytes" | "media_type"
  >,
  next: Next<unknown>
): Content.Content => {
  const stream = Stream.suspend(() => {
    const hash = createHash("sha256")
    return Stream.paginate(
      -1,
      Effect.fnUntraced(function*(after: number) {
        const chunk = yield* Effect.mapError(next(after), notRead)
        if (chunk === undefined) {
          return hash.digest("hex") === sha256 ? [[], Option.none()] as const : yield* changed
        }
        const bytes = yield* Effect.mapError(restore(chunk.codec, chunk.bytes), () => changed)
        hash.update(bytes)
        return [slices(bytes), Option.some(chunk.chunk)] as const
      })
    )
  })
  return {
    size,
    sha256,
    mediaType: media_type === "" ? null : media_type,
    bytes: undefined,
    path: undefined,
    stream,
    collect: Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(chunks))
  }
}

const sliceBytes = 1024 * 1024

const slices = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from(
    { length: Math.ceil(bytes.length / sliceBytes) },
    (_, index) => bytes.subarray(index * sliceBytes, (index + 1) * sliceBytes)
  )

const notRead = (cause: unknown) => new Content.ContentError({ operation: "read", cause })

const changed = new Content.ContentError({
  operation: "read",
  code: "CHANGED",
  cause: new Error("stored bytes are missing, or not those that were committed")
})

/**
 * A spool in memory alone: for tests, and for run-times without a disk. Fails rather than growing past its bound.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Content, ContentError } from "./Content.ts"
import * as OptionError from "./OptionError.ts"
import { type Arrival, Spool } from "./Spool.ts"

const chunkBytes = 1024 * 1024

/** How much is held at a time. */
export interface Options {
  /** Bytes of all content together, at most. Default: 256 MiB. What does not fit fails with `ENOSPC`. */
  readonly maxBytes?: number
}

const make = (options: Options): Spool["Service"] => {
  const maxBytes = options.maxBytes ?? 256 * 1024 * 1024
  let held = 0

  /** Takes room for as long as the scope lasts. */
  const reserve = (bytes: number): Effect.Effect<void, ContentError, Scope.Scope> =>
    Effect.uninterruptible(Effect.suspend(() => {
      if (held + bytes > maxBytes) {
        const cause = new Error(`The spool in memory is bounded to ${maxBytes} bytes`)
        return Effect.fail(new ContentError({ operation: "write", code: "ENOSPC", cause }))
      }
      held += bytes
      return Effect.addFinalizer(() => Effect.sync(() => void (held -= bytes)))
    }))

  const content = (bytes: Uint8Array<ArrayBuffer>, arrival: Arrival): Effect.Effect<Content> =>
    Effect.map(sha256(bytes), (hash) => ({
      size: bytes.byteLength,
      sha256: hash,
      mediaType: arrival.mediaType,
      bytes,
      path: undefined,
      stream: Stream.suspend(() => Stream.fromIterable(slices(bytes))),
      collect: Effect.succeed(bytes)
    }))

  return {
    keep: (bytes, arrival) =>
      Effect.andThen(
        reserve(bytes.byteLength),
        Effect.suspend(() => content(overBuffer(bytes), arrival))
      ),
    receive: <E, R>(body: Stream.Stream<Uint8Array, E, R>, arrival: Arrival) =>
      untilFailure((hold) => {
        const chunks: Array<Uint8Array> = []
        const collect = Stream.runForEach(body, (chunk) =>
          Effect.map(
            Scope.provide(reserve(chunk.byteLength), hold),
            () => void chunks.push(chunk)
          ))
        return Effect.andThen(collect, Effect.suspend(() => content(concat(chunks), arrival)))
      })
  }
}

/** Gives a part of the surrounding scope, which ends at once where the effect does not succeed. */
const untilFailure = <A, E, R>(f: (hold: Scope.Scope) => Effect.Effect<A, E, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const hold = yield* Scope.fork(yield* Effect.scope)
      return yield* Effect.onExit(
        restore(f(hold)),
        (exit) => exit._tag === "Failure" ? Scope.close(hold, exit) : Effect.void
      )
    })
  )

const sha256 = (bytes: Uint8Array<ArrayBuffer>): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", bytes)),
    (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
  )

// WebCrypto does not take views of memory that is shared between threads.
const overBuffer = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? bytes as Uint8Array<ArrayBuffer> : new Uint8Array(bytes)

const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

/** Provides an empty spool. Fails with an `OptionError` if `maxBytes` is invalid. */
export const layer = (options: Options = {}): Layer.Layer<Spool, OptionError.OptionError> =>
  Layer.effect(
    Spool,
    Effect.map(OptionError.given(OptionError.positive)("maxBytes", options.maxBytes), () => make(options))
  )

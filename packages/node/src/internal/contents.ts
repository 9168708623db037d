/**
 * `Content` over an array and over a file of the spool.
 */
import { Content } from "@labelstream/core"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { type FileHandle, open } from "node:fs/promises"

const chunkBytes = 1024 * 1024
// Smaller than what readers are promised at most: many files are read at the same time.
const readBytes = 256 * 1024

/** Turns what Node reports into the error that readers and writers of content expect. */
export const contentError =
  (operation: Content.ContentError["operation"]) => (cause: unknown): Content.ContentError => {
    const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
    return new Content.ContentError({ operation, cause, ...(typeof code === "string" ? { code } : {}) })
  }

/** Content held in memory. */
export const ofBytes = (bytes: Uint8Array, sha256: string, mediaType: string | null): Content.Content => ({
  size: bytes.byteLength,
  sha256,
  mediaType,
  bytes,
  path: undefined,
  stream: Stream.suspend(() => Stream.fromIterable(slices(bytes))),
  collect: Effect.succeed(bytes)
})

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

/** Content in a file that is complete and stays as it is until it is removed. */
export const ofFile = (path: string, size: number, sha256: string, mediaType: string | null): Content.Content => ({
  size,
  sha256,
  mediaType,
  bytes: undefined,
  path,
  stream: Stream.scoped(Stream.fromPull(Effect.map(opened(path), (handle) => {
    let at = 0
    return Effect.suspend((): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, Content.ContentError> => {
      if (at >= size) return Cause.done()
      const target = new Uint8Array(Math.min(readBytes, size - at))
      return Effect.map(fill(handle, target, at), (chunk) => {
        at += chunk.byteLength
        return [chunk] as const
      })
    })
  }))),
  collect: Effect.scoped(Effect.flatMap(opened(path), (handle) => fill(handle, new Uint8Array(size), 0)))
})

const opened = (path: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => open(path, "r"), catch: contentError("read") }),
    (handle) => Effect.promise(() => handle.close().catch(() => {}))
  )

const fill = (handle: FileHandle, target: Uint8Array, position: number) =>
  Effect.tryPromise({
    try: async () => {
      for (let filled = 0; filled < target.byteLength;) {
        const { bytesRead } = await handle.read(target, filled, target.byteLength - filled, position + filled)
        if (bytesRead === 0) throw new Error("The spool file is shorter than what was written to it")
        filled += bytesRead
      }
      return target
    },
    catch: contentError("read")
  })

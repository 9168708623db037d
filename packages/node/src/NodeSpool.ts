/**
 * The spool on Node.js: small content in memory while a budget for the whole process lasts, everything else in files of
 * its own folder. Files are gone when their scope closes; what a killed process left is removed at the next start.
 */
import { Content, OptionError, Spool } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash, hash } from "node:crypto"
import { type FileHandle, open, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { contentError, ofBytes, ofFile } from "./internal/contents.ts"
import { makeFolder } from "./internal/folder.ts"
import { free } from "./internal/received.ts"
import { claim } from "./internal/spoolDirectory.ts"

/** Where content waits, and how much of it in memory. */
export interface Options {
  /**
   * Folder for content that is not kept in memory, absolute or relative to the working directory; made if it is missing,
   * readable by its owner alone. Several processes may share it: each writes to its own folder within.
   */
  readonly directory: string
  /** Most bytes of content held in memory, over all scopes, from 0. Default: 64 MiB. Beyond it, each content costs a file. */
  readonly memoryBudget?: number
  /** Largest content held in memory, in bytes, from 0. Default: 1 MiB. */
  readonly maxInMemory?: number
}

const createFile = async (folder: string, path: string): Promise<FileHandle> => {
  try {
    return await open(path, "wx", 0o600)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause
    // Another machine that shares the directory has taken a folder long unused for a dead process's.
    await makeFolder(folder, 0o700)
    return await open(path, "wx", 0o600)
  }
}

const writeAll = async (handle: FileHandle, chunks: ReadonlyArray<Uint8Array>): Promise<void> => {
  let rest = chunks
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest)
    // A disk that is nearly full takes a part, and fails at the next.
    let whole = 0
    while (whole < rest.length && rest[whole]!.byteLength <= bytesWritten) bytesWritten -= rest[whole++]!.byteLength
    rest = rest.slice(whole)
    if (bytesWritten > 0) rest = [rest[0]!.subarray(bytesWritten), ...rest.slice(1)]
  }
  chunks.forEach(free)
}

// Always into one array of the exact size: chunks can be views of much larger buffers.
const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

/** Makes a part of the surrounding scope, which ends at once if the effect does not succeed. */
const held = <A, E, R>(f: (hold: Scope.Scope) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const hold = yield* Scope.fork(yield* Effect.scope)
      return yield* Effect.onExit(
        restore(f(hold)),
        (exit) => Exit.isFailure(exit) ? Scope.close(hold, exit) : Effect.void
      )
    })
  )

const make = Effect.fnUntraced(function*(options: Options) {
  const memoryBudget = yield* OptionError.count("memoryBudget", options.memoryBudget ?? 64 * 1024 * 1024, 0)
  const maxInMemory = yield* OptionError.count("maxInMemory", options.maxInMemory ?? 1024 * 1024, 0)
  const folder = yield* claim(resolve(yield* OptionError.text("directory", options.directory)))
  let inMemory = 0
  let files = 0

  const fits = (more: number, size = 0) => size + more <= maxInMemory && inMemory + more <= memoryBudget

  /** A share of the budget that grows, and is returned whole: with the scope or before. */
  const share = (hold: Scope.Scope) => {
    let size = 0
    const giveBack = () => {
      inMemory -= size
      size = 0
    }
    return Effect.as(Scope.addFinalizer(hold, Effect.sync(giveBack)), {
      giveBack,
      grow: (bytes: number): boolean => {
        if (!fits(bytes, size)) return false
        size += bytes
        inMemory += bytes
        return true
      }
    })
  }

  /** A file that is removed with `hold`, and written to until `writing` closes. */
  const file = Effect.fnUntraced(function*(hold: Scope.Scope, writing: Scope.Scope) {
    const path = join(folder, String(files++))
    yield* Scope.addFinalizer(hold, Effect.promise(() => rm(path, { force: true }).catch(() => {})))
    const handle = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => createFile(folder, path), catch: contentError("write") }),
      // Closing waits for a write that an interruption has left under way.
      (handle) => Effect.promise(() => handle.close().catch(() => {}))
    ).pipe(Scope.provide(writing))
    const sha256 = createHash("sha256")
    let size = 0
    return {
      write: (chunks: ReadonlyArray<Uint8Array>) =>
        Effect.tryPromise({
          try: () => {
            for (const chunk of chunks) {
              sha256.update(chunk)
              size += chunk.byteLength
            }
            return writeAll(handle, chunks)
          },
          catch: contentError("write")
        }),
      content: (arrival: Spool.Arrival) => ofFile(path, size, sha256.digest("hex"), arrival.mediaType)
    }
  })

  const receive = <E, R>(body: Stream.Stream<Uint8Array, E, R>, arrival: Spool.Arrival) =>
    held((hold) =>
      Effect.scopedWith(Effect.fnUntraced(function*(writing) {
        const memory = yield* share(hold)
        let chunks: Array<Uint8Array> = []
        let spilled: Effect.Success<ReturnType<typeof file>> | undefined
        yield* Stream.runForEachArray(
          body,
          Effect.fnUntraced(function*(arrived) {
            if (spilled === undefined) {
              chunks.push(...arrived)
              if (memory.grow(arrived.reduce((size, chunk) => size + chunk.byteLength, 0))) return
              spilled = yield* file(hold, writing)
              yield* spilled.write(chunks)
              chunks = []
              memory.giveBack()
            } else {
              yield* spilled.write(arrived)
            }
          })
        )
        if (spilled !== undefined) return spilled.content(arrival)
        const bytes = concat(chunks)
        return ofBytes(bytes, hash("sha256", bytes), arrival.mediaType)
      }))
    )

  const keep = (
    bytes: Uint8Array,
    arrival: Spool.Arrival
  ): Effect.Effect<Content.Content, Content.ContentError, Scope.Scope> => {
    const size = bytes.byteLength
    // Most content: no file, and nothing that could fail between taking the memory and giving it back.
    const inPlace = Effect.flatMap(Effect.scope, (scope) => {
      inMemory += size
      const giveBack = Effect.sync(() => {
        inMemory -= size
      })
      return Effect.as(
        Scope.addFinalizer(scope, giveBack),
        ofBytes(bytes, hash("sha256", bytes), arrival.mediaType)
      )
    })
    const inFile = held((hold) =>
      Effect.scopedWith(Effect.fnUntraced(function*(writing) {
        const spilled = yield* file(hold, writing)
        yield* spilled.write([bytes])
        return spilled.content(arrival)
      }))
    )
    return Effect.suspend(() => fits(size) ? Effect.uninterruptible(inPlace) : inFile)
  }

  return Spool.Spool.of({ keep, receive })
})

/**
 * Provides the spool; its folder is removed with the layer. Fails with a `ContentError` if the directory cannot be made or
 * written to, and with an `OptionError`.
 */
export const layer = (
  options: Options
): Layer.Layer<Spool.Spool, Content.ContentError | OptionError.OptionError> => Layer.effect(Spool.Spool, make(options))

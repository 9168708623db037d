/**
 * Writes downloaded content into a new file and syncs it. A spooled file gets a second name instead, if no other sink
 * has given it one; otherwise it is copied.
 */
import type { Content, JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { constants } from "node:fs"
import { type Attempt, Problem, type Where } from "./Failure.ts"
import { at, link, withFile, writeFully, writeNew } from "./Files.ts"
import type { Fs } from "./Fs.ts"
import type { Target } from "./Target.ts"

/** How content is written that lies in memory or in a file; none for what has to be read from a stream. */
export const writeHeld = (
  target: Target,
  path: string,
  { bytes, path: spooled, size }: Content.Content
): (() => Promise<void>) | undefined => {
  if (bytes === undefined) return spooled === undefined ? undefined : () => take(target, path, spooled, size)
  return () => bytes.length === size ? writeNew(target.fs, path, bytes) : Promise.reject(cut(size))
}

/** Writes content that has to be read from its stream. Bytes that cannot be read, or are too few, are `rejected`. */
export const stream = (
  fs: Fs,
  attempt: Attempt,
  path: string,
  content: Content.Content,
  where: Where
): Effect.Effect<void, JobSink.SinkError> =>
  Effect.acquireUseRelease(
    attempt(where, () => fs.open(path, "wx", 0o666)),
    Effect.fnUntraced(function*(fd) {
      let written = 0
      yield* Stream.runForEach(content.stream, (chunk) =>
        attempt(where, () => {
          written += chunk.length
          return at(path, writeFully(fs, fd, chunk, null))
        })).pipe(Effect.catchTag("ContentError", (error) => attempt(where, () => Promise.reject(unreadable(error)))))
      if (written !== content.size) return yield* attempt(where, () => Promise.reject(cut(content.size)))
      yield* attempt(where, () => at(path, fs.fsync(fd)))
    }),
    (fd) => attempt(where, () => at(path, fs.close(fd)))
  )

/** Writes content, however it is held. */
export const write = (
  target: Target,
  attempt: Attempt,
  path: string,
  content: Content.Content,
  where: Where
): Effect.Effect<void, JobSink.SinkError> => {
  const writing = writeHeld(target, path, content)
  return writing === undefined ? stream(target.fs, attempt, path, content, where) : attempt(where, writing)
}

/** Reads all of some content. Bytes that cannot be read, or are too few, are `rejected`. */
export const collect = async (content: Content.Content): Promise<Uint8Array> => {
  const found = await Effect.runPromise(Effect.result(content.collect))
  if (Result.isFailure(found)) throw unreadable(found.failure)
  if (found.success.length !== content.size) throw cut(content.size)
  return found.success
}

/** Links a spooled file instead of writing it once more; copies it where that is not possible. */
const take = async ({ fs, lock }: Target, path: string, spooled: string, size: number): Promise<void> => {
  const source = await fs.lstat(spooled).catch((error: unknown) => Promise.reject(unreadable(error)))
  if (source.size !== size || !source.isFile()) throw cut(size)
  let isLinked = await link(fs, spooled, path)
  // A third name belongs to another sink, and two outputs must not share a file.
  if (isLinked && (await fs.lstat(path)).nlink !== 2) {
    await fs.unlink(path)
    isLinked = false
  }
  if (!isLinked) await fs.copyFile(spooled, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  // The spool's files are private, and links and copies inherit their mode. The lock has the mode of any new file.
  const { mode } = await fs.lstat(lock)
  await withFile(fs, path, "r+", async (fd) => {
    if ((await fs.fstat(fd)).size !== size) throw cut(size)
    await fs.fchmod(fd, mode & 0o777)
    await fs.fsync(fd)
  })
}

const cut = (size: number) => new Problem("rejected", `the downloaded bytes are not the ${size} that were announced`)

/** The problem of content that is gone. */
export const unreadable = (cause: unknown) =>
  new Problem("rejected", "the downloaded bytes could not be read back from the spool: fetch the job again", { cause })

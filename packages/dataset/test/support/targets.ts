/** Temporary folders, what is in them, and file operations that end at some point. */
import type { JobSink } from "@labelstream/core/sink"
import { type Fs, nodeFs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder that goes with the scope. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-dataset-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Every published file with its hash, or with its modification time and inode. */
export const tree = (folder: string, of: "content" | "identity" = "content"): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => !path.startsWith(".labelstream") && statSync(join(folder, path)).isFile()).sort()
      .map((path) => {
        const { ino, mtimeMs } = statSync(join(folder, path))
        const bytes = readFileSync(join(folder, path))
        return [path, of === "content" ? createHash("sha256").update(bytes).digest("hex") : `${ino} ${mtimeMs}`]
      })
  )

/** A whole run. */
export const run = (
  sink: JobSink.JobSink,
  records: ReadonlyArray<JobSink.JobRecord>,
  token = "t",
  outcome: JobSink.RunEnd["outcome"] = "completed"
) =>
  Effect.scoped(Effect.gen(function*() {
    const open = yield* sink.open
    const rejected = records.length === 0 ? [] : yield* open.stage(token, records)
    const receipts = yield* open.commit(token)
    const notice = yield* open.finish({ outcome })
    return { rejected, receipts, notice: notice ?? null }
  }))

/** Everything that `inspect` yields. */
export const inspected = (sink: JobSink.JobSink, depth: JobSink.InspectDepth = "content") =>
  Effect.map(Stream.runCollect(sink.inspect(depth)), (parts) => parts.flat())

/** File operations that always work. Nothing is really synced: the death of a process loses nothing that was written. */
export const unsynced = (): Fs => dying(Number.POSITIVE_INFINITY).fs

/**
 * Fails from the `at`th operation on, as if the process died: a write is done by half, and only closing works. Default of
 * `times`, the number of operations that fail: all.
 */
export const dying = (
  at: number,
  times = Number.POSITIVE_INFINITY
): { readonly fs: Fs; readonly used: () => number } => {
  let count = 0
  const guard = (name: string, operation: (...args: ReadonlyArray<unknown>) => unknown) => {
    return async (...args: ReadonlyArray<unknown>) => {
      if (name === "close") return operation(...args)
      const now = count++
      if (now < at || now >= at + times) return name === "fsync" ? undefined : operation(...args)
      if (now === at && name === "write") {
        const [fd, bytes, offset, position] = args as Parameters<Fs["write"]>
        await nodeFs.write(fd, bytes.subarray(0, offset + Math.ceil((bytes.length - offset) / 2)), offset, position)
      }
      throw Object.assign(new Error("EIO: injected"), { code: "EIO" })
    }
  }
  const fs = Object.fromEntries(
    Object.entries(nodeFs).map(([name, operation]) => [name, guard(name, operation as never)])
  ) as unknown as Fs
  return { fs, used: () => count }
}

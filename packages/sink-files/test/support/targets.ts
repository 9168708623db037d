/** Temporary folders, what is in them, and file operations that can be made to fail. */
import type { JobSink } from "@labelstream/core/sink"
import { type Fs, nodeFs } from "@labelstream/storage"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FilesSink } from "../../src/index.ts"
import { sha256 } from "./records.ts"

/** A folder that the scope removes. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-files-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Every file under a folder with its hash, and every folder; the sink's own hidden folder left out. */
export const tree = (folder: string): Record<string, string> => {
  const found: Record<string, string> = {}
  const visit = (path: string) => {
    for (const name of readdirSync(join(folder, path)).sort()) {
      const at = path === "" ? name : `${path}/${name}`
      if (at === ".labelstream") continue
      if (statSync(join(folder, at)).isDirectory()) {
        found[`${at}/`] = ""
        visit(at)
      } else found[at] = sha256(readFileSync(join(folder, at)))
    }
  }
  visit("")
  return found
}

/** Everything that `inspect` returns. */
export const inspected = (directory: string, depth: JobSink.InspectDepth = "content") =>
  Effect.map(Stream.runCollect(FilesSink.make({ directory }).inspect(depth)), (parts) => parts.flat())

/** Stages and commits one batch under a token. */
export const store = (sink: JobSink.OpenSink, token: string, records: ReadonlyArray<JobSink.JobRecord>) =>
  Effect.andThen(sink.stage(token, records), sink.commit(token))

/** A whole run over some batches. */
export const run = (directory: string, batches: ReadonlyArray<ReadonlyArray<JobSink.JobRecord>>, completed = true) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* FilesSink.make({ directory }).open
    for (const [index, batch] of batches.entries()) yield* store(sink, `run-${index}`, batch)
    yield* sink.finish({ outcome: completed ? "completed" : "stopped" })
  }))

/** One use of a file operation. */
export interface Use {
  readonly name: keyof Fs
  readonly args: ReadonlyArray<unknown>
}

/**
 * File operations that ask before each use; a rejection fails that operation. Nothing is really synced, because the
 * death of a process loses nothing that was written, and syncs are slow.
 */
export const guarded = (before: (use: Use) => void | Promise<void>): Fs =>
  Object.fromEntries(
    Object.entries(nodeFs).map(([name, operation]) => [
      name,
      async (...args: ReadonlyArray<unknown>) => {
        await before({ name: name as keyof Fs, args })
        if (name === "fsync") return
        return (operation as (...args: ReadonlyArray<unknown>) => unknown)(...args)
      }
    ])
  ) as unknown as Fs

/** File operations that always work. */
export const unsynced = guarded(() => {})

/** What the system says when an operation fails. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code })

/** Dies at the `at`th operation: it is done by half where it is a write, and none after it works. Closing does. */
export const dying = (at: number): { readonly fs: Fs; readonly used: () => number } => {
  let count = 0
  const fs = guarded(async ({ args, name }) => {
    if (name === "close") return
    if (count++ < at) return
    if (count === at + 1 && name === "write") {
      const [fd, bytes, offset, position] = args as Parameters<Fs["write"]>
      await nodeFs.write(fd, bytes.subarray(0, offset + Math.ceil((bytes.length - offset) / 2)), offset, position)
    }
    throw systemError("EIO")
  })
  return { fs, used: () => count }
}

/** Fails the `at`th operation once, with this code. Closing works. */
export const failingOnce = (at: number, code: string): { readonly fs: Fs; readonly failed: () => Use | undefined } => {
  let count = 0
  let failed: Use | undefined
  const fs = guarded((use) => {
    if (use.name === "close" || count++ !== at) return
    failed = use
    throw systemError(code)
  })
  return { fs, failed: () => failed }
}

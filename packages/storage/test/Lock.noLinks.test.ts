/** Without hard links (exFAT, SMB), the name of a lock is there before its content. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Fs, Lock, nodeFs } from "../src/index.ts"

const without = (code: string, lock: string, slow: Promise<void>): Fs => {
  let ofLock: number | undefined
  return {
    ...nodeFs,
    link: () => Promise.reject(Object.assign(new Error(code), { code })),
    open: async (path, flags, mode) => {
      const fd = await nodeFs.open(path, flags, mode)
      if (path === lock && flags === "wx") ofLock = fd
      return fd
    },
    write: async (fd, bytes, offset, position) => {
      if (fd === ofLock) await slow
      return nodeFs.write(fd, bytes, offset, position)
    }
  }
}

describe("a lock without hard links", () => {
  for (const code of ["EPERM", "ENOTSUP", "EINVAL", "ENOSYS"]) {
    it.live(`is held by one process while it is being written, if link fails with ${code}`, () =>
      Effect.promise(async () => {
        const output = mkdtempSync(join(tmpdir(), "labelstream-lock-"))
        const lock = join(output, "lock")
        const written = Promise.withResolvers<void>()
        const named = Promise.withResolvers<void>()
        const location = (slow: Promise<void>): Lock.Location => ({ fs: without(code, lock, slow), output, lock })
        const slow = location(written.promise)
        const open: Fs["open"] = async (path, flags, mode) => {
          const fd = await slow.fs.open(path, flags, mode)
          if (path === lock) named.resolve()
          return fd
        }
        const first = Lock.acquire({ ...slow, fs: { ...slow.fs, open } })
        await named.promise
        const second = Lock.acquire(location(Promise.resolve())).then(() => "held", (error: unknown) => String(error))
        assert.match(await second, /cannot be read: run again in 2 minutes/)
        written.resolve()
        await (await first).confirm()
        rmSync(output, { recursive: true, force: true })
      }))
  }
})

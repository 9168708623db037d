import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Files, type Fs, nodeFs } from "../src/index.ts"

const failing = (operation: "fsync" | "link" | "open", code: string): Fs => ({
  ...nodeFs,
  [operation]: () => Promise.reject(Object.assign(new Error(code), { code }))
})

const unsupported = ["EINVAL", "EISDIR", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM"]

describe("a share that cannot do an operation", () => {
  it.live("is used without syncing folders, whatever code it fails with", () =>
    Effect.promise(async () => {
      for (const code of unsupported) await Files.syncDirectory(failing("fsync", code), import.meta.dirname)
    }))

  it.live("gets copies instead of links, whatever code it fails with", () =>
    Effect.promise(async () => {
      for (const code of [...unsupported, "EXDEV", "EMLINK", "EACCES"]) {
        assert.isFalse(await Files.link(failing("link", code), "a", "b"), code)
      }
    }))

  it.live("still fails if it loses data", () =>
    Effect.promise(async () => {
      for (const code of ["EIO", "ENOSPC", "EDQUOT"]) {
        const synced = Files.syncDirectory(failing("fsync", code), import.meta.dirname)
        assert.strictEqual(await synced.catch(Files.codeOf), code)
        assert.strictEqual(await Files.link(failing("link", code), "a", "b").catch(Files.codeOf), code)
      }
    }))
})

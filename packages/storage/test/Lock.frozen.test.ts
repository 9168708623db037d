/** As another machine sees a frozen holder: its lock is foreign, and was not touched for 10 minutes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Lock, nodeFs } from "../src/index.ts"

const confirmed = (lock: Lock.Lock) => lock.confirm().then(() => true, () => false)

/** Written in location, so that the file stays the same. */
const freeze = ({ lock }: Lock.Location) => {
  const owner = JSON.parse(readFileSync(lock, "utf8")) as object
  writeFileSync(lock, `${JSON.stringify({ ...owner, host: "other" })}\n`, { flag: "r+" })
  utimesSync(lock, Date.now() / 1000 - 600, Date.now() / 1000 - 600)
}

describe("a lock that was taken over", () => {
  it.live("is never confirmed to the process that held it, which removes no other lock", () =>
    Effect.promise(async () => {
      // Several times: a file system may use the number of the first lock's inode again for the third.
      for (let trial = 0; trial < 20; trial++) {
        const output = mkdtempSync(join(tmpdir(), "labelstream-lock-"))
        const location: Lock.Location = { fs: nodeFs, output, lock: join(output, "lock") }
        const first = await Lock.acquire(location)
        freeze(location)
        const second = await Lock.acquire(location)
        assert.isFalse(await confirmed(first), "the first, while the second holds it")
        await second.release()
        const third = await Lock.acquire(location)
        assert.isFalse(await confirmed(first), "the first, while the third holds it")
        await first.touch()
        await first.release()
        assert.isDefined(statSync(location.lock, { throwIfNoEntry: false }))
        assert.isTrue(await confirmed(third), "the third, after the first gave up")
        await third.release()
        rmSync(output, { recursive: true, force: true })
      }
    }))

  it.live("is not returned by a process that wakes up while it touches the lock", () =>
    Effect.promise(async () => {
      const output = mkdtempSync(join(tmpdir(), "labelstream-lock-"))
      let meanwhile = () => Promise.resolve()
      const read: typeof nodeFs.read = async (fd, into, position) => {
        const length = await nodeFs.read(fd, into, position)
        await meanwhile()
        return length
      }
      const location: Lock.Location = { fs: nodeFs, output, lock: join(output, "lock") }
      const first = await Lock.acquire({ ...location, fs: { ...nodeFs, read } })
      let second: Lock.Lock | undefined
      meanwhile = async () => {
        meanwhile = () => Promise.resolve()
        freeze(location)
        second = await Lock.acquire(location)
      }
      await first.touch()
      assert.isTrue(second !== undefined && await confirmed(second))
      assert.isFalse(await confirmed(first))
      rmSync(output, { recursive: true, force: true })
    }))
})

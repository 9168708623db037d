import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Operation } from "../src/internal/child/operations.ts"
import { powerCuts } from "../src/internal/powerCut.ts"
import { tree } from "../src/internal/tree.ts"

/** The paths that a power cut at the end leaves; files have their size. */
const left = (...log: ReadonlyArray<Operation>): ReadonlyArray<string> => {
  const target = mkdtempSync(join(tmpdir(), "labelstream-kit-"))
  try {
    for (const { restore } of powerCuts(log, log.length, log.length)) restore(target)
    return [...tree(target).keys()]
  } finally {
    rmSync(target, { recursive: true })
  }
}

const file = (path: string): Operation => ({ op: "file", path })
const folder = (path: string): Operation => ({ op: "folder", path })
const rename = (from: string, path: string): Operation => ({ op: "rename", from, path })
const remove = (path: string): Operation => ({ op: "remove", path })
const sync = (path: string, bytes?: string): Operation => ({ op: "sync", path, bytes })

describe("a power cut", () => {
  it("drops names whose folder was not synced, and all that is below them", () => {
    assert.deepStrictEqual(left(folder("a"), file("a/b"), sync("a/b", ""), sync("a")), [])
    assert.deepStrictEqual(left(folder("a"), file("a/b"), sync("")), ["a/"])
    assert.deepStrictEqual(left(folder("a"), file("a/b"), sync("a"), sync("")), ["a/", "a/b"])
  })

  it("brings removed names back until their folder is synced", () => {
    assert.deepStrictEqual(left(file("a"), sync(""), remove("a")), ["a"])
    assert.deepStrictEqual(left(file("a"), sync(""), remove("a"), sync("")), [])
  })

  it("takes a rename as one step, which a sync of either folder keeps", () => {
    const both = [folder("a"), folder("b"), file("a/x"), sync("a"), sync("")]
    assert.deepStrictEqual(left(...both, rename("a/x", "b/y")), ["a/", "a/x", "b/"])
    for (const one of ["a", "b"]) {
      assert.deepStrictEqual(left(...both, rename("a/x", "b/y"), sync(one)), ["a/", "b/", "b/y"])
    }
    assert.deepStrictEqual(left(...both, rename("a/x", "b/y"), remove("b/y"), sync("b")), ["a/", "b/"])
  })

  it("leaves of a file the bytes that were synced last", () => {
    const cuts = [...powerCuts([file("a"), sync(""), sync("a", "AAAA")], 0, 3)]
    assert.deepStrictEqual(cuts.map(({ at }) => at), [0, 2, 3])
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Lines, nodeFs } from "../src/index.ts"

describe("Lines", () => {
  it.live("are emitted complete, however chunks split them, without what follows the last newline", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-lines-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
      )
      const path = join(folder, "lines")
      const lines = ["", "one", "Fußgänger 😀".repeat(20), "", "last"]
      writeFileSync(path, `${lines.map((line) => `${line}\n`).join("")}torn`)
      for (const size of [1, 3, 7, 64, 4096]) {
        const found = yield* Stream.runCollect(Stream.fromAsyncIterable(Lines.read(nodeFs, path, size), String))
        assert.deepStrictEqual(found.flat(), lines)
      }
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { Sizes } from "@labelstream/core"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeSizes } from "../src/index.ts"
import { jpeg, png } from "./support/images.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "labelstream-sizes-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const find = (source: Sizes.Source, url: string) => {
  assert(source._tag === "Lookup")
  return Effect.map(source.find(url), (found) => typeof found === "string" ? found : `${found.width}x${found.height}`)
}

describe("sizes from a folder", () => {
  it.effect("belong to the image whose path ends like the address", () =>
    Effect.gen(function*() {
      const root = yield* directory
      mkdirSync(join(root, "images", "cam 0"), { recursive: true })
      mkdirSync(join(root, "folder.png"))
      writeFileSync(join(root, "images", "cam 0", "1.png"), png(10, 20))
      writeFileSync(join(root, "images", "1.png"), png(1, 2))
      writeFileSync(join(root, "1.png"), png(30, 40))
      writeFileSync(join(root, "turned.jpg"), jpeg(600, 400, { orientation: 6 }))
      writeFileSync(join(root, "text.png"), "text")
      const source = yield* NodeSizes.folder(root)
      for (
        const [url, expected] of [
          ["https://h.test/bucket/images/cam%200/1.png?sig=1", "10x20"],
          ["s3://bucket/other/1.png", "30x40"],
          ["https://h.test/images/turned.jpg", "400x600"],
          ["https://h.test/images/2.png", "not in the folder"],
          ["https://h.test/folder.png", "not in the folder"],
          ["https://h.test/text.png", Sizes.noHeader],
          ["https://h.test/", "not in the folder"]
        ] as const
      ) assert.strictEqual(yield* find(source, url), expected, url)
    }))

  it.effect("are not read outside of it", () =>
    Effect.gen(function*() {
      const root = yield* directory
      mkdirSync(join(root, "inside"))
      writeFileSync(join(root, "1.png"), png(10, 20))
      const source = yield* NodeSizes.folder(join(root, "inside"))
      for (
        const path of ["../1.png", "a/../../1.png", "..%2F1.png", "%2e%2e/1.png", "a%2F..%2F..%2F1.png", "\0"]
      ) {
        assert.strictEqual(yield* find(source, `https://h.test/${path}`), "not in the folder", path)
      }
    }))

  it.effect("need a folder", () =>
    Effect.gen(function*() {
      const root = yield* directory
      writeFileSync(join(root, "1.png"), png(10, 20))
      for (const path of [join(root, "none"), join(root, "1.png")]) {
        const error = yield* Effect.flip(NodeSizes.folder(path))
        assert.deepStrictEqual([error._tag, error.option], ["OptionError", "sizes"])
        assert.include(error.message, path)
      }
    }))
})

describe("sizes from a table", () => {
  const tableOf = Effect.fnUntraced(function*(text: string) {
    const file = join(yield* directory, "sizes.csv")
    writeFileSync(file, text)
    return yield* NodeSizes.table(file)
  })

  it.effect("are found by the address, or by its last segment with or without ending", () =>
    Effect.gen(function*() {
      const source = yield* tableOf([
        "\uFEFFname,width,height",
        "https://h.test/a/1.png,1,2",
        "1.png,3,4",
        "",
        "2 b, 5 , 6",
        "\"say \"\"3\"\", or 4.png\",7,8",
        "s3://bucket/c,d.png,9,10"
      ].join("\r\n"))
      for (
        const [url, expected] of [
          ["https://h.test/a/1.png?sig=1", "1x2"],
          ["https://h.test/b/1.png", "3x4"],
          ["https://h.test/2%20b.jpg", "5x6"],
          ["https://h.test/say%20%223%22,%20or%204.png", "7x8"],
          ["s3://bucket/c,d.png", "9x10"],
          ["https://h.test/3.png", "not in the table"]
        ] as const
      ) assert.strictEqual(yield* find(source, url), expected, url)
    }))

  it.effect.each(
    [
      ["", "has no line"],
      ["name,width,height\n", "has no line"],
      ["1.png,1,2\nname,width,height\n", "line 2"],
      ["1.png,1\n", "line 1"],
      ["1.png,0,2\n", "line 1"],
      ["1.png,1.5,2\n", "line 1"],
      ["1.png,1,3000000000\n", "line 1"],
      ["1.png,1,2\n1.png,1,2\n1.png,2,1\n", "line 3"]
    ] as const
  )("need a table: %j", ([text, said]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(tableOf(text))
      assert.deepStrictEqual([error._tag, error.option], ["OptionError", "sizes"])
      assert.include(error.message, said)
    }))

  it.effect("need a file", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(NodeSizes.table(join(yield* directory, "none.csv")))
      assert.include(error.message, "ENOENT")
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { NodeImageHeader } from "@labelstream/node"
import * as Effect from "effect/Effect"
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { DatasetSink, Masks, Png, WebDataset, Yolo } from "../src/index.ts"
import { readTar } from "./readers/files/readTar.ts"
import { coco, cocoFile, jpeg, json, labeled, size, tags } from "./support/cocoDataset.ts"
import { boxes, job } from "./support/jobs.ts"
import { encode } from "./support/pngEncoder.ts"
import { inspected, run, temporary, tree, unsynced } from "./support/targets.ts"

describe("a dataset sink", () => {
  it.effect("publishes at the end of a run, with images, and not of a run that was stopped", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const records = [yield* labeled("a", ["car", "bus"]), yield* labeled("b", [])]
      yield* run(coco(directory), records, "t", "stopped")
      assert.deepStrictEqual(tree(directory), {})
      const { notice } = yield* run(coco(directory), [], "u")
      const { annotations, categories, images } = cocoFile(directory)
      assert.deepStrictEqual(images.map(({ file_name, width }) => [file_name, width]), [["a.jpg", 100], ["b.jpg", 100]])
      assert.deepStrictEqual(annotations.map(({ bbox }) => bbox), [[0, 10, 5, 25], [10, 10, 5, 25]])
      assert.deepStrictEqual(categories.map(({ name }) => name), ["bus", "car"])
      assert.deepStrictEqual(readFileSync(join(directory, "images/train/a.jpg")), jpeg("a"))
      assert.isNull(notice)
      assert.deepStrictEqual(tags(yield* inspected(coco(directory))), ["Intact", "Intact"])
    }))

  it.effect("leaves images out of an archive that has them, once they are not asked for", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const archive = (media: "copy" | "none") =>
        DatasetSink.makeWith(WebDataset.format, { directory, media }, unsynced())
      const listed = () => readTar(readFileSync(join(directory, "train-000000.tar"))).map(({ name }) => name)
      yield* run(archive("copy"), [yield* labeled("a", ["car"])])
      assert.deepStrictEqual(listed(), ["a.jpg", "a.json"])
      yield* run(archive("none"), [], "none")
      assert.deepStrictEqual(listed(), ["a.json"])
    }))

  it.effect("rewrites nothing that did not change, and nothing at all where all agrees", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const [a, b] = [yield* labeled("a", ["car"]), yield* labeled("b", ["car"])]
      yield* run(coco(directory), [a, b])
      const before = tree(directory, "identity")
      yield* run(coco(directory), [], "again")
      yield* run(coco(directory), [b, a], "same jobs")
      assert.deepStrictEqual(tree(directory, "identity"), before)
      yield* run(coco(directory), [yield* labeled("c", ["car"])], "more")
      const after = tree(directory, "identity")
      assert.strictEqual(after["images/train/a.jpg"], before["images/train/a.jpg"])
      assert.strictEqual(after["classes.json"], before["classes.json"])
      assert.notStrictEqual(after["samples.csv"], before["samples.csv"])
    }))

  it.effect("leaves nothing of a job that changed, and keeps classes, names and splits when jobs are added", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const split = { train: 0.5, val: 0.5 }
      const some = yield* Effect.forEach(["k", "m", "p", "q"], (name) => labeled(name, ["car"]))
      yield* run(coco(directory, { split }), some)
      const before = readFileSync(join(directory, "samples.csv"), "utf8").split("\n").slice(1, -1)
      const bare = yield* job({ job: "job-k", document: boxes("k.jpg", ["axe"]), size })
      yield* run(coco(directory, { split }), [bare, yield* labeled("a", ["axe"])], "u")
      const paths = Object.keys(tree(directory))
      assert.isFalse(paths.some((path) => path.endsWith("/k.jpg")))
      assert.strictEqual(paths.filter((path) => path.startsWith("images/")).length, 4)
      const after = readFileSync(join(directory, "samples.csv"), "utf8").split("\n")
      for (const line of before) assert.strictEqual(after.includes(line), true, line)
      assert.deepStrictEqual(json(directory, "classes.json"), ["car", "axe"])
    }))

  it.effect("gives the same bytes when it has grown and when it is built afresh with its classes and names", () =>
    Effect.gen(function*() {
      const [grown, fresh] = [yield* temporary, yield* temporary]
      const same = (id: string) =>
        job({ job: id, document: boxes("same.jpg", [id]), files: { "same.jpg": jpeg(id) }, size })
      yield* run(coco(grown), [yield* same("j2")], "t")
      yield* run(coco(grown), [yield* same("j1"), yield* same("j3")], "u")
      assert.include(readFileSync(join(grown, "samples.csv"), "utf8"), "\nsame,same.jpg,train,batch,j2,")
      const options = {
        classes: json(grown, "classes.json") as ReadonlyArray<string>,
        names: join(grown, "samples.csv")
      }
      yield* run(coco(fresh, options), yield* Effect.forEach(["j3", "j1", "j2"], same))
      assert.deepStrictEqual(tree(fresh), tree(grown))
    }))

  it.effect("restores what was damaged behind its back", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(coco(directory, { media: "copy" }), [yield* labeled("a", ["car"]), yield* labeled("b", ["car"])])
      const before = tree(directory)
      rmSync(join(directory, "images/train/b.jpg"))
      const path = join(directory, "annotations/instances_train.json")
      writeFileSync(path, "x".repeat(statSync(path).size))
      utimesSync(path, new Date(Date.now() + 1000), new Date(Date.now() + 1000))
      assert.deepStrictEqual(tags(yield* inspected(coco(directory))), ["Intact", "Intact", "Missing", "Modified"])
      yield* run(coco(directory), [], "again")
      assert.deepStrictEqual(tree(directory), before)
      assert.deepStrictEqual(tags(yield* inspected(coco(directory))), ["Intact", "Intact"])
    }))

  it.effect("names files that are of no dataset, wherever they are, and leaves them alone", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(coco(directory, { media: "copy" }), [yield* labeled("a", ["car"])])
      const [store] = readdirSync(join(directory, ".labelstream/store"))
      const extra = [
        `.labelstream/store/${store}/orphan`,
        "aaa.txt",
        "annotations/old.json",
        "images/train/sub/\ttab\n.txt",
        "zzz"
      ]
      for (const path of extra) {
        mkdirSync(dirname(join(directory, path)), { recursive: true })
        writeFileSync(join(directory, path), "mine")
      }
      const found = (yield* inspected(coco(directory))).flatMap((one) => one._tag === "Extra" ? [one.path] : [one._tag])
      assert.deepStrictEqual(found.sort(), [...extra, "Intact"].sort())
      yield* run(coco(directory, { media: "copy" }), [yield* labeled("b", ["car"])], "again")
      for (const path of extra) assert.strictEqual(readFileSync(join(directory, path), "utf8"), "mine")
    }))

  it.effect("publishes nothing if lossless was asked for and something would be lost", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      yield* run(coco(directory, { lossless: true }), [yield* labeled("a", ["car"])])
      const before = tree(directory)
      const sizeless = yield* job({ job: "b", document: boxes("b.jpg", ["car"]) })
      const error = yield* Effect.flip(run(coco(directory, { lossless: true }), [sizeless], "u"))
      assert.strictEqual(error.reason, "rejected")
      assert.strictEqual(error.step, "finish")
      assert.deepStrictEqual(tree(directory), before)
    }))

  it.effect("takes images and their sizes from a folder, and looks again until all are there", () =>
    Effect.gen(function*() {
      const [directory, images] = [yield* temporary, yield* temporary]
      const png = encode({ width: 40, height: 20, channels: 3, data: new Uint8Array(2400), filters: [0] })
      writeFileSync(join(images, "a.png"), png)
      const records = [
        yield* job({ job: "a", document: boxes("a.jpg", ["car"]) }),
        yield* job({ job: "b", reference: "by-reference", document: boxes("b.jpg", ["car"]) })
      ]
      const { notice } = yield* run(coco(directory, { images }), records)
      assert.match(notice ?? "", /^1 sample left out because the size is not known \(b\)/)
      assert.deepStrictEqual(cocoFile(directory).annotations.map(({ bbox }) => bbox), [[0, 4, 2, 10]])
      writeFileSync(join(images, "by-reference.png"), png)
      yield* run(coco(directory, { images }), [], "again")
      assert.deepStrictEqual(Object.keys(tree(directory)).filter((path) => path.startsWith("images/")), [
        "images/train/a.jpg",
        "images/train/b.jpg"
      ])
      // What is a person's own is copied, not shared.
      assert.strictEqual(statSync(join(images, "a.png")).nlink, 1)
    }).pipe(Effect.provide(NodeImageHeader.layer)))

  it.effect("says that a dataset has no images, and what YOLO validates on", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = DatasetSink.makeWith(Yolo.format, { directory }, unsynced())
      const { notice } = yield* run(sink, [yield* job({ job: "a", document: boxes("a.jpg", ["car"]) })])
      assert.match(notice ?? "", /^The dataset has no images: `labelstream export \.\.\. --attachments all`/)
      assert.match(notice ?? "", /\ndata\.yaml names images\/train as val: there is no split val/)
      assert.strictEqual((yield* run(sink, [], "again")).notice, notice)
    }))

  it.effect("counts records without the bytes that the options now need as missing", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const records = [yield* labeled("a", ["car"]), yield* labeled("b", ["car"])]
      yield* run(coco(directory, { media: "none" }), records)
      assert.isFalse(Object.keys(tree(directory)).some((path) => path.startsWith("images/")))
      const sink = coco(directory)
      assert.strictEqual(yield* coco(directory, { media: "url" }).count!, 2)
      assert.strictEqual(yield* sink.count!, 0)
      assert.deepStrictEqual(tags(yield* inspected(sink, "manifest")), ["Missing", "Missing"])
      yield* run(sink, records, "u")
      assert.strictEqual(yield* sink.count!, 2)
      assert.strictEqual(Object.keys(tree(directory)).filter((path) => path.startsWith("images/")).length, 2)
    }))

  it.effect("refuses folders that hold something else, other formats, and newer stores", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      writeFileSync(join(directory, "mine.txt"), "")
      assert.strictEqual((yield* Effect.flip(coco(directory).check)).reason, "conflict")
      assert.strictEqual((yield* Effect.flip(Effect.scoped(coco(directory).open))).reason, "conflict")
      rmSync(join(directory, "mine.txt"))
      yield* run(coco(directory), [yield* labeled("a", ["car"])])
      const masks = DatasetSink.makeWith(Masks.format, { directory }, unsynced())
      assert.strictEqual((yield* Effect.flip(masks.check)).reason, "conflict")
      mkdirSync(join(directory, "images/train/c.jpg"))
      const error = yield* Effect.flip(run(coco(directory), [yield* labeled("c", ["car"])], "u"))
      assert.strictEqual(error.reason, "conflict")
      const about = join(directory, ".labelstream", "about.json")
      writeFileSync(about, readFileSync(about, "utf8").replace("\"version\":2", "\"version\":3"))
      assert.strictEqual((yield* Effect.flip(coco(directory).check)).reason, "corrupt")
    }))

  it.effect("refuses splits that the format cannot have, before it stores anything", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const sink = DatasetSink.makeWith(Yolo.format, { directory, split: { odd: 1 } }, unsynced())
      assert.strictEqual((yield* Effect.flip(sink.check)).reason, "misconfigured")
      assert.deepStrictEqual(readdirSync(directory), [])
    }))

  it.effect("draws masks, and counts segments of those that cannot be read", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const data = new Uint8Array(4 * 3 * 3)
      for (const at of [0, 1, 4]) data.set([255, 0, 0], at * 3)
      const mask = encode({ width: 4, height: 3, channels: 3, data, filters: [0] })
      const document = {
        data: { url: "https://files.example/m.png", legend: { "#ff0000": "car # 1", "#00ff00": "bus" } }
      }
      const records = [
        yield* job({ job: "a", document, files: { "m.png": mask } }),
        yield* job({ job: "b", document, files: { "m.png": Buffer.from("no PNG") } })
      ]
      yield* run(DatasetSink.makeWith(Masks.format, { directory, names: "job" }, unsynced()), records)
      const gray = readFileSync(join(directory, "masks/train/a.png"))
      assert.throws(() => Png.decode(gray), /8-bit gray/)
      assert.match(readFileSync(join(directory, "loss.json"), "utf8"), /"the picture is no PNG"/)
    }))
})

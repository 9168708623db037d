import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { isDeepStrictEqual } from "node:util"
import type { Content } from "../src/Content.ts"
import { Scanner } from "../src/internal/document/scan/scanner.ts"
import * as ResultDocument from "../src/ResultDocument.ts"
import { content, job, random, read, scanned, whole } from "./document/support.ts"

const rectangle = (index: number, next: () => number) => {
  const [left, top, right, bottom] = [next(), next(), next(), next()]
  return JSON.stringify({
    _id: `0e6d895e-2484-439a-b62b-${index}`,
    label: index % 7 === 0 ? "Größe \u{1f600}" : "Chair",
    attributes: { Truncation: { value: "0% Truncated" }, Note: { value: ["a \"quoted\" word", "\\"] } },
    coordinates: [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }]
  })
}

const opening = "{\"data\":{\"annotations\":{\"rectangles\":[\n"
const closing = "\n],\"polygons\":[]},\"image_url\":\"https://example.com/a.jpg\"}}"

/** A document made while it is read. The same memory holds every chunk, so a chunk that is kept would show. */
const produced = (rectangles: number): Content => {
  const chunks = function*() {
    const next = random(7)
    const memory = new Uint8Array(100_003)
    let pending = new TextEncoder().encode(opening)
    for (let index = 0; index <= rectangles; index += 100) {
      const group: Array<string> = []
      for (let i = index; i < Math.min(rectangles, index + 100); i++) {
        group.push((i === 0 ? "" : ",\n") + rectangle(i, next))
      }
      if (index + 100 > rectangles) group.push(closing)
      const more = new TextEncoder().encode(group.join(""))
      const joined = new Uint8Array(pending.length + more.length)
      joined.set(pending)
      joined.set(more, pending.length)
      pending = joined
      const least = index + 100 > rectangles ? 1 : memory.length
      while (pending.length >= least) {
        memory.fill(0)
        memory.set(pending.subarray(0, memory.length))
        yield memory.subarray(0, Math.min(memory.length, pending.length))
        pending = pending.slice(memory.length)
      }
    }
  }
  return {
    size: rectangles * 300,
    sha256: "0".repeat(64),
    mediaType: null,
    bytes: undefined,
    path: undefined,
    stream: Stream.suspend(() => Stream.fromIteratorSucceed(chunks(), 1)),
    collect: Effect.die(new Error("a large document must not be collected"))
  }
}

describe("ResultDocument of a large document", () => {
  it.effect("gives the same rows as parsing, without holding all of it", () =>
    Effect.gen(function*() {
      const rectangles = 10_000
      const large = produced(rectangles)
      const document = yield* ResultDocument.open(large, { ...scanned, inputs: true })
      assert.strictEqual(document.resultType, "image_annotation")
      assert.deepStrictEqual(document.attachments.map(({ sourcePath }) => sourcePath), ["/data/image_url"])

      const text: Array<string> = []
      const next = random(7)
      for (let index = 0; index < rectangles; index++) text.push(rectangle(index, next))
      const bytes = new TextEncoder().encode(opening + text.join(",\n") + closing)
      assert.isAbove(bytes.length, 2 * ResultDocument.defaultParseLimit)
      const expected = yield* read(bytes, whole)

      let index = 0
      let largest = 0
      yield* Stream.runForEach(document.rows(job), ({ problems, rows }) =>
        Effect.sync(() => {
          assert.deepStrictEqual(problems, [])
          largest = Math.max(largest, rows.length)
          const same = expected.rows.slice(index, index += rows.length)
          // Much faster than an assertion, which says what differs.
          if (!isDeepStrictEqual(rows, same)) assert.deepStrictEqual(rows, same)
        }))
      assert.strictEqual(index, rectangles)
      assert.isAtMost(largest, 1000)
    }))

  it.effect("emits at most a chunk at once, or one element that chunks split", () =>
    Effect.gen(function*() {
      let elements = 0
      let told = 0
      let longest = 0
      const scanner = new Scanner({
        list: () => "all",
        elements: (bytes, index, count) => {
          assert.strictEqual(index, elements)
          elements += count
          longest = Math.max(longest, bytes.length)
        },
        lying: ({ count, from, index, to }) => {
          assert.isAtMost(to - from, 64 * 1024 + 777)
          assert.strictEqual(index, told)
          told += count
        }
      }, 1000)
      yield* Stream.runForEach(produced(10_000).stream, (chunk) =>
        Effect.sync(() => {
          for (let at = 0; at < chunk.length; at += 777) scanner.push(chunk.subarray(at, at + 777))
        }))
      scanner.end()
      assert.isFalse(scanner.broken)
      assert.deepStrictEqual([elements, told], [10_000, 10_000])
      assert.isAtMost(longest, 777)
      assert.isBelow(scanner.skeleton.length, 200)
    }))

  it.effect("reports an element that is too long to hold, and continues behind it", () =>
    Effect.sync(() => {
      const seen: Array<string> = []
      const lying: Array<readonly [number, number, string]> = []
      const scanner = new Scanner({
        list: () => "all",
        elements: (bytes, index) => seen.push(`${index} ${new TextDecoder().decode(bytes)}`),
        lying: ({ count, from, index, to }) => lying.push([index, count, text.slice(from, to)])
      }, 100)
      const text = `{"annotations":{"lines":[1,"${"x".repeat(200)}",{"a":2} , 3]}}`
      for (const byte of new TextEncoder().encode(text)) scanner.push(new Uint8Array([byte]))
      scanner.end()
      assert.isFalse(scanner.broken)
      assert.deepStrictEqual(seen, ["0 1", "2 {\"a\":2}", "3 3"])
      assert.deepStrictEqual(lying, [[0, 1, "1"], [1, 1, ""], [2, 2, "{\"a\":2} , 3"]])
    }))

  it.effect("turns elements that are not JSON into problems and keeps those around them", () =>
    Effect.gen(function*() {
      const good = "{\"_id\":\"a\",\"coordinates\":[{\"x\":0,\"y\":0}]}"
      const text = `{"annotations":{"rectangles":[${good}, {a:1} ,${good},{"_id":"\\x"},tru,${good}]}}`
      // A small one too: what is found must not depend on whether there was memory to parse it.
      for (const limit of [whole, scanned]) {
        const document = yield* read(new TextEncoder().encode(text), limit)
        assert.deepStrictEqual(document.rows.map((row) => row.source_path), [
          "/annotations/rectangles/0",
          "/annotations/rectangles/2",
          "/annotations/rectangles/5"
        ])
        assert.deepStrictEqual(document.problems.map(({ path, reason }) => `${path} ${reason}`), [
          "/annotations/rectangles/1 not JSON",
          "/annotations/rectangles/3 not JSON",
          "/annotations/rectangles/4 not JSON"
        ])
      }
    }))

  it.effect("finds the kind and the files anywhere after the annotations", () =>
    Effect.gen(function*() {
      const text = JSON.stringify({
        annotation_data: {
          annotations: Array.from({ length: 500 }, (_, index) => ({
            _id: `${index}`,
            frame_id: `${index % 5}`,
            ...(index === 321 ? { mask_url: "https://example.com/one.png" } : {})
          })),
          legend: { "#000001": "car" }
        },
        url: "https://example.com/all.png"
      })
      for (const size of [1, 7, 1000, 100_000]) {
        const bytes = content(new TextEncoder().encode(text), [size])
        const document = yield* read(bytes, scanned)
        assert.deepStrictEqual(document, yield* read(bytes, whole))
        assert.deepStrictEqual(document.attachments.map(({ frameId, sourcePath }) => [frameId, sourcePath]), [
          ["1", "/annotation_data/annotations/321/mask_url"],
          [null, "/url"]
        ])
      }
    }))
})

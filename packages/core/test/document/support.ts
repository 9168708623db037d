/**
 * Documents for the tests of result documents: the fixtures, contents that come in chosen chunks, documents drawn from a
 * seed, and a counter that shares no code with the decoders.
 */
import { assert } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import type { Content } from "../../src/Content.ts"
import * as ResultDocument from "../../src/ResultDocument.ts"

const folder = new URL("../fixtures/", import.meta.url)

export const fixture = (name: string): Uint8Array => readFileSync(new URL(name, folder))

export const samples: ReadonlyArray<string> = readdirSync(folder).filter((name) =>
  /^(?:image|video|point_cloud|custom)_.*\.json$/.test(name)
).sort()

export const job = { batchId: "batch", jobId: "job" }

export const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** Numbers that no double holds, as text that {@link encodeExact} writes without quotes. */
export const exact = ["9007199254740993", "-12345678901234567890", "0.1234567890123456789", "1e400"].map((number) =>
  `#${number}#`
)

/** The document's bytes, with each text of {@link exact} as the number that it holds. */
export const encodeExact = (value: unknown, space?: number): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(value, null, space).replaceAll(/"#(-?[\d.e]+)#"(?!:)/g, "$1"))

/** A content that comes in chunks of the given sizes, taken in turn. */
export const content = (bytes: Uint8Array, sizes: ReadonlyArray<number> = [65_536]): Content => ({
  size: bytes.length,
  sha256: "0".repeat(64),
  mediaType: "application/json",
  bytes,
  path: undefined,
  stream: Stream.suspend(() => {
    const chunks: Array<Uint8Array> = []
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
      chunks.push(bytes.slice(at, at + size))
      at += size
    }
    return Stream.fromArray(chunks)
  }),
  collect: Effect.succeed(bytes)
})

export const whole = { parseLimit: Number.MAX_SAFE_INTEGER }
export const scanned = { parseLimit: -1 }

/** A scan that saw a try break off, and then the whole content in its chunks. */
export const arrived = Effect.fnUntraced(function*(from: Content, inputs: boolean) {
  const scan = ResultDocument.scan({ inputs })
  const push = Stream.runForEach(from.stream, (chunk) => Effect.sync(() => scan.push(chunk)))
  yield* push
  scan.begin()
  yield* push
  return scan
}, Effect.orDie)

/** All that a document gives, in one value. */
export const read = Effect.fnUntraced(function*(bytes: Content | Uint8Array, options?: ResultDocument.OpenOptions) {
  const document = yield* ResultDocument.open(bytes instanceof Uint8Array ? content(bytes) : bytes, options)
  const chunks = yield* Stream.runCollect(document.rows(job))
  const media = yield* Stream.runCollect(document.media(job))
  return {
    resultType: document.resultType,
    wrapped: document.wrapped,
    attachments: document.attachments,
    media: media.flat(),
    rows: chunks.flatMap(({ rows }) => rows),
    problems: chunks.flatMap(({ problems }) => problems)
  }
})

/** Reads a document with both readers, which must agree. */
export const both = Effect.fnUntraced(function*(bytes: Uint8Array, options?: ResultDocument.OpenOptions) {
  const found = yield* read(bytes, { ...whole, ...options })
  assert.deepStrictEqual(yield* read(content(bytes, [777]), { ...scanned, ...options }), found)
  return found
})

/** What one annotation amounts to. */
export interface Counted {
  readonly label: string
  readonly frame: string | null
  readonly attributes: unknown
}

// oxlint-disable-next-line typescript/no-explicit-any -- the counter trusts the fixtures that it is given
type Loose = any

/** Counts annotations by walking the fixture, with nothing of the decoders in it. */
export const count = (document: Loose): ReadonlyArray<Counted> => {
  const body: Loose = document.data ?? document
  const bare = (label: string) => label.replace(/#.*/, "").trim()
  const plain = (attributes: Loose) =>
    Object.fromEntries(Object.entries(attributes).map(([name, attribute]: [string, Loose]) => [name, attribute.value]))
  if (Array.isArray(body.annotations)) return [{ label: "", frame: null, attributes: {} }]
  if (body.annotations !== undefined) {
    return Object.values<Loose>(body.annotations).flat().map((shape: Loose) => ({
      label: shape.label,
      frame: null,
      attributes: plain(shape.attributes)
    }))
  }
  if (body.annotation_data === undefined) {
    const names: ReadonlyArray<string> = Array.isArray(body.legend)
      ? body.legend.map((entry: Loose) => entry.text)
      : Object.values(body.legend)
    return names.map((name) => ({ label: bare(name), frame: null, attributes: {} }))
  }
  return body.annotation_data.annotations.flatMap((element: Loose) =>
    element.frames === undefined
      ? [{ label: bare(element.label), frame: element.frame_id, attributes: plain(element.attributes) }]
      : Object.entries(element.frames).map(([frame, shape]: [string, Loose]) => ({
        label: shape.label,
        frame,
        attributes: plain(shape.attributes)
      }))
  )
}

/** The value at a JSON pointer, undefined if there is none. */
export const resolve = (document: unknown, pointer: string): unknown =>
  pointer.split("/").slice(1).reduce<Loose>((value, segment) => {
    const key = segment.replaceAll("~1", "/").replaceAll("~0", "~")
    return value !== null && typeof value === "object" && Object.hasOwn(value, key) ? value[key] : undefined
  }, document)

/** Numbers in 0..1 that follow from a seed alone. */
export const random = (seed: number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One of the values. */
export const pick = <A>(next: () => number, values: ReadonlyArray<A>): A => {
  const value = values[Math.floor(next() * values.length)]
  if (value === undefined) throw new Error("nothing to pick from")
  return value
}

/** Changes a copy of a document at random places: removes, repeats, renames, or puts the given value there. */
export const disturb = (document: unknown, seed: number, value: unknown): unknown => {
  const next = random(seed)
  const copy: Loose = structuredClone(document)
  const rounds = Math.floor(next() * 4)
  for (let round = 0; round < rounds; round++) {
    let target: Loose = copy
    const depth = Math.floor(next() * 9)
    for (let level = 0; level < depth; level++) {
      const inner: ReadonlyArray<Loose> = Object.values(target).filter((child) =>
        child !== null && typeof child === "object"
      )
      if (inner.length === 0) break
      target = inner[Math.floor(next() * inner.length)]
    }
    const keys = Object.keys(target)
    const key = keys[Math.floor(next() * keys.length)] ?? "p10"
    const action = Math.floor(next() * 5)
    if (action === 0 && !Array.isArray(target)) delete target[key]
    else if (action === 1 && Array.isArray(target)) target.push(...structuredClone(target))
    else if (action === 2 && !Array.isArray(target)) {
      const odd = pick(next, ["7", "__proto__", "a/b~c", "", "ü\u{1f600}\"\\", "url", "frames"])
      Object.defineProperty(target, odd, { value: target[key], enumerable: true, configurable: true, writable: true })
    } else target[key] = action === 3 ? pick(next, [null, ...exact]) : structuredClone(value)
  }
  return copy
}

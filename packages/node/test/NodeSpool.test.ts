import { assert, describe, it } from "@effect/vitest"
import { Content, Spool, Transport } from "@labelstream/core"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { createHash, randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { Agent } from "undici"
import { NodeSpool, NodeTransport } from "../src/index.ts"
import { child, killed } from "./support/children.ts"
import { temporaryFolder } from "./support/folders.ts"
import { serve } from "./support/servers.ts"

const KiB = 1024
const MiB = 1024 * KiB

const arrival: Spool.Arrival = { mediaType: "application/json" }

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

const chunksOf = (bytes: Uint8Array, size: number) =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
  )

/** Every file under a folder, relative to it. */
const filesIn = (folder: string) =>
  fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))

// Counted where the system tells; elsewhere always 0.
const openFiles = () => fs.existsSync("/proc/self/fd") ? fs.readdirSync("/proc/self/fd").length : 0

const readAll = (content: Content.Content) => Effect.map(Stream.runCollect(content.stream), (chunks) => chunks)

const withSpool = <A, E>(
  f: (spool: Spool.Spool["Service"], directory: string) => Effect.Effect<A, E>,
  options: Partial<NodeSpool.Options> = {}
) =>
  Effect.flatMap(temporaryFolder, (folder) => {
    const directory = path.join(folder, "deep", "spool")
    return Spool.Spool.use((spool) => f(spool, directory)).pipe(
      Effect.provide(NodeSpool.layer({ directory, ...options }))
    )
  })

/** A request whose answer comes in chunks from 1 MiB on. */
const requestOf = (url: URL): Transport.TransportRequest => ({
  url,
  headers: {},
  memoryLimit: MiB,
  headersTimeout: Duration.seconds(30),
  idleTimeout: Duration.seconds(30)
})

describe("NodeSpool", () => {
  it.live("returns what came, by stream and whole, from memory and from disk", () =>
    withSpool((spool, directory) =>
      Effect.forEach([0, 1, 100, 64 * KiB, MiB, MiB + 1, 5 * MiB], (size) =>
        Effect.scoped(Effect.gen(function*() {
          const bytes = randomBytes(size)
          const contents = [
            yield* spool.keep(bytes, arrival),
            yield* spool.receive(chunksOf(bytes, 60_000), arrival)
          ]
          for (const content of contents) {
            assert.strictEqual(content.size, size)
            assert.strictEqual(content.sha256, sha256(bytes))
            assert.strictEqual(content.mediaType, "application/json")
            assert.strictEqual(content.bytes === undefined, size > MiB)
            assert.strictEqual(content.path === undefined, size <= MiB)
            for (let time = 0; time < 2; time++) {
              const chunks = yield* readAll(content)
              assert.isTrue(chunks.every((chunk) => chunk.length > 0 && chunk.length <= MiB))
              assert.isTrue(bytes.equals(Buffer.concat(chunks)))
            }
            assert.isTrue(bytes.equals(yield* content.collect))
            if (content.path !== undefined) {
              assert.isTrue(path.isAbsolute(content.path))
              assert.isTrue(bytes.equals(fs.readFileSync(content.path)))
              assert.strictEqual(fs.statSync(content.path).mode & 0o777, 0o600)
              assert.strictEqual(fs.statSync(path.dirname(content.path)).mode & 0o777, 0o700)
            }
          }
          assert.strictEqual(fs.statSync(directory).mode & 0o777, 0o700)
        })))
    ))

  it.live("writes to disk what exceeds the budget, and releases its share with the scope", () =>
    withSpool((spool, directory) =>
      Effect.gen(function*() {
        const bytes = randomBytes(600 * KiB)
        for (let round = 0; round < 3; round++) {
          yield* Effect.scoped(Effect.gen(function*() {
            assert.isDefined((yield* spool.keep(bytes, arrival)).bytes)
            assert.isUndefined((yield* spool.keep(bytes, arrival)).bytes)
            assert.isUndefined((yield* spool.receive(chunksOf(bytes, 1000), arrival)).bytes)
            assert.isDefined((yield* spool.receive(chunksOf(bytes.subarray(0, 400 * KiB), 1000), arrival)).bytes)
            assert.strictEqual(filesIn(directory).length, 2)
          }))
          assert.deepStrictEqual(filesIn(directory), [])
        }
      }), { memoryBudget: MiB }))

  it.live("leaves no file, no open one and no spent budget when the body fails", () =>
    withSpool((spool, directory) =>
      Effect.gen(function*() {
        const before = openFiles()
        for (const size of [500 * KiB, 3 * MiB]) {
          const body = Stream.concat(chunksOf(randomBytes(size), 64 * KiB), Stream.fail("broken"))
          for (let time = 0; time < 10; time++) {
            assert.strictEqual(yield* Effect.flip(spool.receive(body, arrival)), "broken")
            assert.deepStrictEqual(filesIn(directory), [])
          }
        }
        assert.strictEqual(openFiles(), before)
        assert.isDefined((yield* spool.keep(randomBytes(MiB), arrival)).bytes)
      }).pipe(Effect.scoped), { memoryBudget: MiB }))

  it.live("leaves no file and no open one when it is interrupted", () =>
    withSpool((spool, directory) =>
      Effect.gen(function*() {
        const before = openFiles()
        for (const size of [500 * KiB, 3 * MiB]) {
          const stuck = yield* Deferred.make<void>()
          const body = Stream.concat(
            chunksOf(randomBytes(size), 64 * KiB),
            Stream.fromEffect(Effect.andThen(Deferred.succeed(stuck, undefined), Effect.never))
          )
          const fiber = yield* Effect.forkChild(spool.receive(body, arrival))
          yield* Deferred.await(stuck)
          assert.strictEqual(filesIn(directory).length, size > MiB ? 1 : 0)
          yield* Fiber.interrupt(fiber)
          assert.deepStrictEqual(filesIn(directory), [])
        }
        assert.strictEqual(openFiles(), before)
      }).pipe(Effect.scoped)
    ))

  it.live("releases the memory of chunks from the wire at once, and leaves other chunks alone", () =>
    withSpool((spool) =>
      Effect.gen(function*() {
        const bytes = randomBytes(4 * MiB)
        const server = yield* serve((_, response) => response.end(bytes))
        const transport = yield* Transport.Transport
        const { body } = yield* transport.send(requestOf(server.url()))
        assert(body._tag === "Stream")
        const chunks: Array<Uint8Array> = []
        const seen = Stream.tap(body.stream, (chunk) => Effect.sync(() => chunks.push(chunk)))
        const content = yield* spool.receive(seen, arrival)
        assert.isTrue(bytes.equals(yield* content.collect))
        assert.strictEqual(content.sha256, sha256(bytes))
        assert.isBelow(chunks.reduce((size, chunk) => size + chunk.length, 0), MiB)

        const own = new Uint8Array(randomBytes(2 * MiB))
        const twice = yield* spool.receive(Stream.make(own, own), arrival)
        assert.strictEqual(twice.sha256, sha256(Buffer.concat([own, own])))
        assert.strictEqual(own.length, 2 * MiB)
      }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer({ env: {} })))
    ))

  it.live("does not touch the chunks of a given dispatcher, which may keep them", () =>
    withSpool((spool) =>
      Effect.gen(function*() {
        const bytes = randomBytes(4 * MiB)
        const server = yield* serve((_, response) => response.end(bytes))
        const kept: Array<Buffer> = []
        const keeping = new Agent().compose((dispatch) => (options, handler) =>
          dispatch(options, {
            onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
            onResponseStart: (...started) => handler.onResponseStart?.(...started),
            onResponseData: (controller, chunk) => {
              kept.push(chunk)
              handler.onResponseData?.(controller, chunk)
            },
            onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
            onResponseError: (controller, error) => handler.onResponseError?.(controller, error)
          })
        )
        const { body } = yield* NodeTransport.make(keeping).send(requestOf(server.url()))
        assert(body._tag === "Stream")
        yield* spool.receive(body.stream, arrival)
        assert.isTrue(bytes.equals(Buffer.concat(kept)))
        yield* Effect.promise(() => keeping.close())
      }).pipe(Effect.scoped)
    ))

  it.live("fails to read a removed file", () =>
    withSpool((spool) =>
      Effect.gen(function*() {
        const content = yield* spool.keep(randomBytes(2 * MiB), arrival)
        fs.truncateSync(content.path ?? "", 100)
        assert.strictEqual((yield* Effect.flip(content.collect)).operation, "read")
        fs.rmSync(content.path ?? "")
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(content.stream))).code, "ENOENT")
      }).pipe(Effect.scoped)
    ))

  it.live("fails at the start if the directory cannot be made", () =>
    Effect.gen(function*() {
      const file = path.join(yield* temporaryFolder, "file")
      fs.writeFileSync(file, "")
      const error = yield* Effect.flip(
        Effect.provide(Effect.void, NodeSpool.layer({ directory: path.join(file, "x") }))
      )
      assert(error._tag === "ContentError")
      assert.deepStrictEqual([error.operation, error.code], ["write", "ENOTDIR"])
    }))

  it.live("is readable by its owner alone, and the folders made above it as any other", () =>
    Effect.gen(function*() {
      const root = yield* temporaryFolder
      const mode = (...names: ReadonlyArray<string>) => fs.statSync(path.join(root, ...names)).mode & 0o777
      fs.mkdirSync(path.join(root, "usual"))
      yield* Effect.scoped(
        Effect.provide(
          Effect.sync(() => {
            assert.strictEqual(mode("above"), mode("usual"))
            assert.strictEqual(mode("above", "spool"), 0o700)
          }),
          NodeSpool.layer({ directory: path.join(root, "above", "spool") })
        )
      )
    }))

  it.live("removes its folder with the layer", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      yield* Effect.provide(Spool.Spool.use((spool) => Effect.scoped(spool.keep(randomBytes(2 * MiB), arrival))), [
        NodeSpool.layer({ directory })
      ])
      assert.deepStrictEqual(fs.readdirSync(directory), [])
    }))

  it.live("removes what a killed process left, and nothing of a living one or of others", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      const [dead, living] = [yield* child("spoolChild", directory), yield* child("spoolChild", directory)]
      for (const { nextLine } of [dead, living]) yield* nextLine
      yield* killed(dead)
      fs.writeFileSync(path.join(directory, "notes.txt"), "not ours")
      fs.mkdirSync(path.join(directory, "spool-of-thread"))
      assert.strictEqual(filesIn(directory).length, 3)
      yield* Effect.gen(function*() {
        const entries = fs.readdirSync(directory).sort()
        assert.strictEqual(entries.length, 5)
        assert.isFalse(entries.some((entry) => entry.includes(`-${dead.pid}-`)))
        assert.isTrue(entries.some((entry) => entry.includes(`-${living.pid}-`)))
        assert.strictEqual(filesIn(directory).length, 2)
      }).pipe(Effect.provide([NodeSpool.layer({ directory }), NodeSpool.layer({ directory })]))
    }))
})

import { assert, describe, it } from "@effect/vitest"
import type { JobSink } from "@labelstream/core/sink"
import { Content } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { scale } from "../../../scripts/testScale.ts"
import { SqliteSink } from "../src/index.ts"
import { type Database, open } from "../src/internal/sqlite.ts"
import { content, record, row } from "./support/records.ts"
import { batches, play } from "./support/scenario.ts"
import {
  contents,
  files,
  guarded,
  inspected,
  run,
  sqliteError,
  store,
  temporary,
  temporaryFile,
  using
} from "./support/targets.ts"

const refusal = (file: string) => Effect.flip(Effect.scoped(SqliteSink.make({ file }).open))

describe("a file that is not fit", () => {
  it.effect("is refused by check and open, with what to do, and left unchanged", () =>
    Effect.gen(function*() {
      const make = (sql: string) => (file: string) => using((writeFileSync(file, ""), file), (db) => db.exec(sql))
      const kinds: ReadonlyArray<readonly [string, (file: string) => void, string]> = [
        ["text", (file) => writeFileSync(file, "a,b\n1,2\n"), "conflict"],
        ["longer text", (file) => writeFileSync(file, "a,b\n".repeat(1000)), "conflict"],
        ["another database", make("CREATE TABLE precious (x); INSERT INTO precious VALUES (1)"), "conflict"],
        ["another application's", make("PRAGMA application_id = 7; CREATE TABLE jobs (x)"), "conflict"],
        [
          "a newer version",
          make("PRAGMA application_id = 0x4c534442; PRAGMA user_version = 99; CREATE TABLE y (x)"),
          "corrupt"
        ],
        ["a folder", (file) => mkdirSync(file), "misconfigured"]
      ]
      for (const [kind, prepare, reason] of kinds) {
        const file = yield* temporaryFile
        prepare(file)
        const before = existsSync(file) && reason !== "misconfigured" ? files(dirname(file)) : {}
        const found = [yield* Effect.flip(SqliteSink.make({ file }).check), yield* refusal(file)]
        assert.deepStrictEqual(
          found.map(({ reason, step }) => [step, reason]),
          [["check", reason], ["open", reason]],
          kind
        )
        assert.isTrue(found.every(({ detail }) => detail.includes(file)), kind)
        if (reason !== "misconfigured") assert.deepStrictEqual(files(dirname(file)), before, kind)
        if (reason !== "misconfigured") {
          assert.strictEqual((yield* Effect.flip(inspected(file))).reason, reason, kind)
        }
      }
    }))

  it.effect("in a folder that is missing is made with it, and not by a check", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      const file = join(folder, "a", "b", "labels.db")
      yield* SqliteSink.make({ file }).check
      assert.isFalse(existsSync(join(folder, "a")))
      yield* run({ file }, batches)
      assert.isTrue(existsSync(file))
    }))

  it.effect("in a folder that is a file or read-only is misconfigured", () =>
    Effect.gen(function*() {
      const folder = yield* temporary
      writeFileSync(join(folder, "file"), "")
      mkdirSync(join(folder, "locked"))
      chmodSync(join(folder, "locked"), 0o500)
      const places = ["file/labels.db", ...(process.getuid?.() === 0 ? [] : ["locked/labels.db"])]
      for (const place of places) {
        const file = join(folder, place)
        assert.strictEqual((yield* Effect.flip(SqliteSink.make({ file }).check)).reason, "misconfigured", place)
        assert.strictEqual((yield* refusal(file)).reason, "misconfigured", place)
        assert.deepStrictEqual(yield* inspected(file), [])
      }
    }))

  it.effect("whose tables are not all there is corrupt", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* run({ file }, batches)
      using(file, (db) => db.exec("DROP TABLE annotations"))
      assert.strictEqual((yield* refusal(file)).reason, "corrupt")
    }))
})

describe("a lock", () => {
  it.live("that was removed takes no other run's lock away when its run ends", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const opened = Effect.fnUntraced(function*() {
        const scope = yield* Scope.make()
        yield* Scope.provide(SqliteSink.make({ file }).open, scope)
        return { close: Scope.close(scope, Exit.void) }
      })
      const first = yield* opened()
      rmSync(`${file}-lock`)
      const second = yield* opened()
      yield* first.close
      assert.strictEqual((yield* Effect.flip(opened())).reason, "conflict")
      yield* second.close
      assert.isFalse(existsSync(`${file}-lock`))
    }))
})

describe("a lock that cannot be read", () => {
  it.live("is held until it has not been touched for 2 minutes", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const open = SqliteSink.make({ file }).open
      writeFileSync(`${file}-lock`, "not a database".repeat(100))
      assert.strictEqual((yield* Effect.flip(Effect.scoped(open))).reason, "conflict")
      utimesSync(`${file}-lock`, 0, 0)
      yield* Effect.scoped(open)
      assert.isFalse(existsSync(`${file}-lock`))
    }))
})

describe("other programs", () => {
  it.effect("cannot write through a second sink, whatever path leads to the file", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const link = join(dirname(file), "link.db")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* SqliteSink.make({ file }).open
        symlinkSync(file, link)
        for (const path of [file, link]) {
          const found = [yield* Effect.flip(SqliteSink.make({ file: path }).check), yield* refusal(path)]
          assert.deepStrictEqual(found.map(({ reason }) => reason), ["conflict", "conflict"])
          assert.include(found[0]!.detail, "in use by another run")
        }
      }))
      yield* Effect.scoped(SqliteSink.make({ file: link }).open)
    }))

  it.effect("that hold the file make a step fail as unavailable, and it continues when they end", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const sink = yield* SqliteSink.make({ file }).open
      const other = open(file, { timeout: 0 })
      other.exec("BEGIN IMMEDIATE")
      const error = yield* Effect.flip(sink.stage("t", batches[0]!))
      assert.deepStrictEqual([error.reason, error.step], ["unavailable", "stage"])
      assert.include(error.detail, "another program")
      other.exec("ROLLBACK")
      other.close()
      assert.strictEqual((yield* store(sink, "t", batches[0]!)).length, 3)
    }))

  it.effect("may read while a run writes and when it closes, and keep what they saw", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const reader = yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* SqliteSink.make({ file }).open
        yield* store(sink, "t", batches[0]!)
        const reader = open(file, { readonly: true, timeout: 0 })
        reader.exec("BEGIN")
        const count = reader.prepare("SELECT count(*) FROM jobs").pluck()
        assert.strictEqual(count.get(), 3)
        yield* store(sink, "u", batches[1]!)
        assert.strictEqual(count.get(), 3)
        return reader
      }))
      reader.close()
      assert.strictEqual((yield* inspected(file)).length, 4)
    }))

  it.effect("that remove the file are noticed before a commit returns", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const sink = yield* SqliteSink.make({ file }).open
      yield* sink.stage("t", batches[0]!)
      rmSync(file)
      const error = yield* Effect.flip(sink.commit("t"))
      assert.deepStrictEqual([error.reason, error.step], ["unavailable", "commit"])
      yield* sink.abort("t")
      assert.strictEqual((yield* Effect.flip(sink.stage("u", batches[0]!))).reason, "unavailable")
    }))
})

describe("a disk", () => {
  it.effect("that is full fails the batch, shows nothing of it, and continues when there is room", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      let limit: ((db: Database) => void) | undefined
      const sink = yield* SqliteSink.makeWith({ file }, { open: guarded((_, db) => limit?.(db)) }).open
      yield* store(sink, "t", batches[0]!)
      const before = contents(file)
      limit = (db) => db.pragma("max_page_count = 1")
      const large = [record({ job: "large", labels: Array<string>(5000).fill("car") }), ...batches[1]!]
      const error = yield* Effect.flip(sink.stage("u", large))
      assert.deepStrictEqual([error.reason, error.step, error.isRetryable], ["unavailable", "stage", true])
      assert.include(error.detail, "no space left")
      assert.deepStrictEqual(contents(file), before)
      limit = (db) => db.pragma("max_page_count = 4294967294")
      assert.strictEqual((yield* store(sink, "u", large)).length, 5)
      assert.deepStrictEqual((yield* inspected(file)).map(({ _tag }) => _tag), Array(5).fill("Intact"))
    }))

  it.effect(
    `that fails ${scale("every third", "any one")} statement loses nothing when the step is retried`,
    () =>
      Effect.gen(function*() {
        const whole = yield* temporaryFile
        let statements = 0
        yield* play(whole, guarded(() => void statements++))
        const expected = contents(whole)
        for (let at = 0; at < statements; at += scale(3, 1)) {
          const file = yield* temporaryFile
          let count = 0
          const failing = guarded((sql, db) => {
            if (count++ !== at) return
            // As SQLite does when a commit fails.
            if (sql === "COMMIT" && db.inTransaction) db.exec("ROLLBACK")
            throw sqliteError("SQLITE_FULL")
          })
          const again = <A, R>(step: Effect.Effect<A, JobSink.SinkError, R>) =>
            Effect.catch(step, (error) => {
              assert.strictEqual(error.reason, "unavailable")
              return step
            })
          yield* Effect.scoped(Effect.gen(function*() {
            const sink = yield* again(SqliteSink.makeWith({ file }, { open: failing }).open)
            for (const [index, batch] of batches.entries()) {
              yield* again(sink.stage(`token-${index}`, batch))
              assert.strictEqual((yield* again(sink.commit(`token-${index}`))).length, batch.length, `at ${at}`)
            }
            yield* again(sink.finish({ outcome: "completed" }))
          }))
          assert.deepStrictEqual(contents(file), expected, `failed at statement ${at}`)
        }
      }),
    120_000
  )

  it.effect("is described by what SQLite says of it", () =>
    Effect.gen(function*() {
      for (
        const [code, reason] of [
          ["SQLITE_READONLY", "misconfigured"],
          ["SQLITE_READONLY_DBMOVED", "unavailable"],
          ["SQLITE_IOERR_FSYNC", "unavailable"],
          ["SQLITE_CORRUPT_VTAB", "corrupt"],
          ["SQLITE_NOTADB", "corrupt"],
          ["SQLITE_CANTOPEN", "unavailable"]
        ]
      ) {
        const failing = guarded((sql) => {
          if (sql === "COMMIT" && isOpen) throw sqliteError(code!)
        })
        let isOpen = false
        const sink = yield* SqliteSink.makeWith({ file: yield* temporaryFile }, { open: failing }).open
        isOpen = true
        yield* sink.stage("t", batches[0]!)
        const error = yield* Effect.flip(sink.commit("t"))
        assert.deepStrictEqual([error.reason, error.step, error.sink], [reason, "commit", "sqlite"], code)
      }
    }))
})

describe("a poison record", () => {
  it.effect("is rejected alone, and what stood there before stays", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const sink = yield* SqliteSink.make({ file }).open
      const lost = {
        ...content("x"),
        bytes: undefined,
        stream: Stream.fail(new Content.ContentError({ operation: "read", cause: "gone" }))
      }
      const poison: Record<string, Parameters<typeof record>[0]> = {
        "no text": { job: "no text", rows: [row({}), row({ annotation_index: 1, label: null })] },
        fraction: { job: "fraction", rows: [row({ annotation_index: 0.5 })] },
        twice: { job: "twice", rows: [row({}), row({})] },
        object: { job: "object", rows: [row({ geometry: { not: "text" } })] },
        words: { job: "words", rows: [row({ x_min: "left" })] },
        lost: { job: "lost", document: lost },
        cut: { job: "cut", document: { ...content("x"), size: 2 } },
        "cut mask": { job: "cut mask", nested: [{ ...content("x"), bytes: undefined, size: 2 }] }
      }
      const names = Object.keys(poison)
      yield* store(sink, "t", names.map((job) => record({ job, labels: ["before", "before"] })))
      const before = contents(file)
      const rejections = yield* sink.stage("u", [
        record({ job: "first" }),
        ...Object.values(poison).map(record),
        record({ job: "last" })
      ])
      assert.deepStrictEqual(
        rejections.map(({ error, jobId }) => [jobId, error.reason, error.jobId]),
        names.map((name) => [name, "rejected", name])
      )
      assert.deepStrictEqual((yield* sink.commit("u")).map(({ jobId }) => jobId), ["first", "last"])
      const after = contents(file)
      for (const [table, rows] of Object.entries(before)) {
        const isOld = (found: unknown) => names.includes((found as { job_id: string }).job_id)
        assert.deepStrictEqual(after[table]!.filter(isOld), rows, table)
      }
    }))

  it.effect("that breaks the code fails its batch as a defect and leaves nothing of it", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const sink = yield* SqliteSink.make({ file }).open
      const parsed = { ...record({ job: "a" }).parsed, rows: () => Stream.die(new Error("a fault")) }
      const exit = yield* Effect.exit(sink.stage("t", [record({ job: "a" }), record({ job: "b", parsed })]))
      assert.isTrue(Exit.hasDies(exit))
      assert.deepStrictEqual(yield* sink.commit("t"), [])
      assert.strictEqual((yield* store(sink, "u", batches[0]!)).length, 3)
    }))
})

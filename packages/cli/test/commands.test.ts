import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { run, start, temporaryFolder } from "./support/program.ts"
import { unfinishedWorld as world } from "./support/world.ts"

describe("a mistyped command", () => {
  for (
    const [args, said] of [
      [["exprot"], /There is no command exprot\. Did you mean export\?/],
      [["export", "--bacth", "b"], /There is no flag --bacth\. Did you mean --batch\?/],
      [["export", "--concurrency", "many"], /^--concurrency many: expected a number\.\n/],
      [["export", "--attachments", "some"], /--attachments[^]*none/],
      [["export", "--concurrency", "0"], /^--concurrency 0: expected a whole number from 1\n/],
      [["export", "--interval", "0"], /^--interval 0: expected a number greater than 0\n/],
      [["exprot", "--to", "files:out"], /^There is no command exprot\. Did you mean export\?\nFor help/],
      [["refresh", "--checked-before", "yesterday"], /--checked-before/],
      [["export", "--api-key", "secret-5b1e"], /--api-key/]
    ] as const
  ) {
    it.live(`is reported on stderr with a suggestion, and ends with 1: ${args.slice(0, 3).join(" ")}`, () =>
      Effect.gen(function*() {
        const ended = yield* run(args, { cwd: yield* temporaryFolder })
        assert.strictEqual(ended.status, 1)
        assert.strictEqual(ended.stdout, "")
        assert.match(ended.stderr, said)
        assert.isAtMost(ended.stderr.split("\n").length, 7)
        assert.notInclude(ended.stderr, "    at ")
        assert.notInclude(ended.stderr, "5b1e")
      }))
  }
})

describe("--help", () => {
  it.live("shows the flags of every command, and examples whose flags exist", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const top = yield* run(["--help"], { cwd })
      const names = Array.from(top.stdout.split("SUBCOMMANDS")[1]?.matchAll(/^ {2}(\w+) {2}/gm) ?? [], ([, name]) =>
        name ?? "")
      assert.isBelow(top.stdout.indexOf("SUBCOMMANDS"), top.stdout.indexOf("GLOBAL FLAGS"))
      assert.includeMembers(names, ["export", "plan", "status", "retry", "refresh", "verify", "simulator", "init"])
      yield* Effect.forEach(names, (name) =>
        Effect.gen(function*() {
          const { status, stdout } = yield* run([name, "--help"], { cwd })
          assert.strictEqual(status, 0)
          assert.deepStrictEqual(
            stdout.split("\n").filter((line) =>
              line.length > 80
            ),
            [],
            name
          )
          const examples = stdout.split("EXAMPLES\n")[1] ?? ""
          assert.include(examples, `labelstream ${name}`)
          for (const [flag] of examples.matchAll(/--[a-z-]+/g)) {
            assert.include(stdout.split("EXAMPLES\n")[0] ?? "", `${flag} `, name)
          }
        }), { concurrency: 2 })
    }))
})

describe("labelstream plan", () => {
  it.live("says what an export would do, agrees with it, and writes nothing", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world()
      const args = ["--batch", "b", "--to", "files:out"]
      const before = yield* labelstream(["plan", ...args])
      assert.strictEqual(before.status, 0, before.stderr)
      assert.match(before.stdout, /Batch b: 12 jobs listed = 11 to fetch \+ 0 unchanged \+ 1 unfinished \+ 0 failed/)
      assert.match(
        before.stdout,
        /To fetch: 11 jobs, about \d+ requests, about .* to download \(measured on 10 jobs\)/
      )
      assert.match(before.stdout, /Disk: .* free for files:out[^]*Nothing was written\.\n$/)
      assert.deepStrictEqual(readdirSync(cwd), [])
      assert.strictEqual((yield* labelstream(["export", ...args])).status, 0)
      const after = JSON.parse((yield* labelstream(["plan", ...args, "--json"])).stdout)
      assert.deepStrictEqual(
        [after.batches[0].fetch, after.batches[0].unchanged, after.estimate.bytes, after.sample.jobs],
        [0, 11, 0, 0]
      )
      const again = yield* labelstream(["plan", ...args, "--refresh", "--limit", "4"])
      assert.match(again.stdout, /4 to fetch[^]*Reached the limit/)
    }))
})

describe("what does not exist", () => {
  it.live("is named in one sentence, with what may be meant", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world()
      const toFiles = ["--batch", "b", "--to", "files:out"]
      assert.strictEqual((yield* labelstream(["export", ...toFiles, "--batch", "bb"])).status, 2)
      const before = readdirSync(cwd)
      for (
        const [args, said] of [
          [
            ["status", "--batch", "bc"],
            /^\S+ has no batch bc\. Did you mean b\? To list its batches, run: labelstream status\n$/
          ],
          [["report", "--gallery", "100"], /^--gallery 100: expected a whole number from 0 to 60\n$/],
          [["report", "--to", "files:typo"], /^Nothing is stored in files:\S+typo\. .* has jobs in: files:\S+out\n$/],
          [
            ["export", "--batch", "b", "--to", "fils:out"],
            /^There is no sink fils\. Did you mean files\? To list the sinks, run: /
          ],
          [["export", "--batch", "b", "--to", "flies:out"], /^There is no sink flies\. Did you mean files\?/],
          [["verify", "--to", "files:uot"], /^The ledger has no stored jobs in .*Did you mean files:/],
          [["export", ...toFiles, "--limit", "1.5"], /^--limit 1\.5: expected a whole number\.\n/]
        ] as const
      ) {
        const ended = yield* labelstream(args)
        assert.deepStrictEqual([ended.status, ended.stdout], [1, ""], ended.stderr)
        assert.match(ended.stderr, said)
      }
      assert.deepStrictEqual(readdirSync(cwd), before)
      const unknown = yield* labelstream(["export", "--batch", "B", "--to", "files:out"])
      assert.match(unknown.stdout, /The project has no batch B\. Did you mean b\?/)
    }), 240_000)
})

/** A sink that is not the project's own and cannot be read back. */
const shelf = `
import { SimpleSink, SinkPlugin } from ${JSON.stringify(import.meta.resolve("@labelstream/core/sink"))}
import * as Effect from ${JSON.stringify(import.meta.resolve("effect/Effect"))}
import * as Schema from ${JSON.stringify(import.meta.resolve("effect/Schema"))}
export default SinkPlugin.define({
  name: "shelf",
  version: "1",
  options: Schema.Struct({ place: Schema.String }),
  make: ({ place }) => SimpleSink.fromWriter({ name: "shelf", id: "shelf:" + place, open: Effect.succeed(() => Effect.void) })
})
`

describe("labelstream verify without --to", () => {
  it.live("names the sinks that it skips, and calls no sink empty by mistake", () =>
    Effect.gen(function*() {
      const { cwd, labelstream } = yield* world()
      writeFileSync(join(cwd, "shelf.mjs"), shelf)
      assert.strictEqual((yield* labelstream(["export", "--batch", "b", "--to", "./shelf.mjs:here"])).status, 0)
      const alone = yield* labelstream(["verify"])
      assert.strictEqual(alone.status, 1)
      assert.match(alone.stderr, /Name a sink with --to: .* has jobs in shelf:here/)
      assert.strictEqual((yield* labelstream(["export", "--batch", "b", "--to", "files:out"])).status, 0)
      const beside = yield* labelstream(["verify"])
      assert.strictEqual(beside.status, 0)
      assert.match(beside.stderr, /Skipped shelf:here\. To include it/)
    }))
})

describe("labelstream status and verify", () => {
  it.live("report offline what is stored, and what is damaged", () =>
    Effect.gen(function*() {
      const { cwd, labelstream, simulator } = yield* world()
      assert.match((yield* labelstream(["status"])).stderr, /There is no ledger at .* The first run makes it/)
      yield* labelstream(["export", "--batch", "b", "--to", "files:out", "--to", "sqlite:l.db"])
      yield* simulator.reset
      const offline = { GT_STUDIO_API_KEY: "" }
      const status = yield* labelstream(["status"], offline)
      assert.match(status.stdout, /\nb +12 +11 +1 +0 +0\n/)
      assert.match(status.stdout, /Stored 11 jobs, .*: files:/)
      const object = JSON.parse((yield* labelstream(["status", "--json"], offline)).stdout)
      assert.deepStrictEqual(object.batches, [
        { project_id: simulator.projectId, batch_id: "b", jobs: 12, pending: 0, unfinished: 1, stored: 11, failed: 0 }
      ])
      const intact = yield* labelstream(["verify"], offline)
      assert.strictEqual(intact.status, 0, intact.stderr)
      assert.match(intact.stdout, /^11 jobs intact, 0 missing, 0 modified, 0 extra in files:out, sqlite:l.db\n$/)
      const [first = "", second = ""] = readdirSync(join(cwd, "out", "b")).filter((name) => name.endsWith(".json"))
      rmSync(join(cwd, "out", "b", first))
      appendFileSync(join(cwd, "out", "b", second), " ")
      const damaged = yield* labelstream(["verify", "--to", "files:out", "--json"], offline)
      assert.strictEqual(damaged.status, 3)
      const found = JSON.parse(damaged.stdout)
      assert.deepStrictEqual([found.intact, found.missing, found.modified, found.extra], [9, 1, 1, 0])
      assert.sameMembers(found.differences.map((each: { difference: string }) => each.difference), [
        "missing",
        "modified"
      ])
      const { requests } = yield* simulator.report
      assert.strictEqual(Object.values(requests).reduce((sum, count) => sum + count, 0), 0)
    }))
})

describe("labelstream report", () => {
  it.live("writes a page about what is stored, without the network", () =>
    Effect.gen(function*() {
      const { cwd, labelstream, simulator } = yield* world()
      yield* labelstream(["export", "--batch", "b", "--to", "files:out"])
      const ended = yield* labelstream(["report", "--title", "Nightly", "--out", "page.html"], {
        GT_STUDIO_API_KEY: ""
      })
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /^Wrote page.html, .*: open it in a browser\n$/)
      const page = readFileSync(join(cwd, "page.html"), "utf8")
      assert.include(page, "Nightly")
      assert.include(page, "<svg")
      assert.notInclude(page, simulator.apiKey)
      const lost = yield* labelstream(["report", "--batch", "lost"])
      assert.match(lost.stderr, /has no batch lost/)
    }))
})

describe("labelstream batches and check", () => {
  it.live("show the project's batches, and say of each thing whether it is right", () =>
    Effect.gen(function*() {
      const { labelstream } = yield* world()
      assert.match((yield* labelstream(["batches"])).stdout, /^BATCH +JOBS[^]*\nb +12 +11 /)
      const good = yield* labelstream(["check", "--batch", "b", "--to", "files:out"])
      assert.strictEqual(good.status, 0, good.stdout)
      assert.match(good.stdout, /^ok {3}sink files:out: can be written, .* free$/m)
      const bad = yield* labelstream(["check", "--batch", "nowhere", "--to", "files:/dev/null/x", "--to", "lost:x"])
      assert.strictEqual(bad.status, 1)
      assert.match(bad.stdout, /^BAD {2}platform .*has no batch nowhere\.$/m)
      assert.match(bad.stdout, /^BAD {2}sink files:\/dev\/null\/x: /m)
      assert.match(bad.stdout, /^BAD {2}sink lost:x: .*no such package/m)
    }))

  it.live("report no connection to a host that does not respond", () =>
    Effect.gen(function*() {
      // A port that was just returned.
      const port = yield* Effect.promise(() =>
        new Promise<number>((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => {
            const { port } = server.address() as { port: number }
            server.close(() => resolve(port))
          })
        })
      )
      const { labelstream } = yield* world()
      const ended = yield* labelstream(["batches", "--base-url", `http://127.0.0.1:${port}`])
      assert.strictEqual(ended.status, 1)
      assert.include(ended.stderr, `The API was expected at http://127.0.0.1:${port}`)
      assert.include(
        ended.stderr,
        `no connection to 127.0.0.1:${port} (ECONNREFUSED): check the host and the network`
      )
      assert.notInclude(ended.stderr, "    at ")
    }))
})

describe("labelstream simulator", () => {
  it.live("serves a platform until it is interrupted, and reports what it served", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const program = yield* start(["simulator", "--port", "0", "--jobs", "3"], { cwd })
      yield* program.said("stdout", "Ctrl-C")
      yield* program.signal("SIGINT")
      const ended = yield* program.end
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /^API +http:\/\/127\.0\.0\.1:\d+\n[^]*requests/)
    }))
})

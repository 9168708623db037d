/** R: what was removed or changed behind the sink's back can be stored again. */
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { must, type Rule, rule } from "../../Rule.ts"
import type { Subject } from "../../Subject.ts"
import { jobs, keyOf, plain } from "../jobs.ts"
import { trial } from "../trial.ts"
import { publishedIs } from "./publish.ts"
import { inspectFinds } from "./whole.ts"

/** At most this many of the files that a manifest lists are damaged, each in its own trial. */
const mostFiles = 6

const changed = (file: string) => {
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff
  writeFileSync(file, bytes)
}

/** What can be done to the target: by the subject itself, or to the files that the sink's manifest lists or it has published. */
const damagesOf = Effect.fnUntraced(function*(subject: Subject) {
  const own = Object.entries(subject.damages ?? {})
  const { manifest, published } = subject
  if (manifest === undefined && (published === undefined || subject.location !== "files")) return own
  const at = yield* trial(subject)
  yield* at.run([yield* jobs(plain(8))])
  const inManifest = manifest === undefined ? [] : (yield* manifest(at.target)).map(({ path }) => path)
  const inPublication = published === undefined ? [] : (yield* published(at.target)).keys()
  const listed = Array.from(new Set([...inManifest, ...inPublication])).sort()
  const step = Math.max(1, Math.ceil(listed.length / mostFiles))
  const onFile = (path: string, how: string, apply: (file: string) => void) =>
    [`${path} ${how}`, (target: string) => Effect.sync(() => apply(join(target, path)))] as const
  return [
    ...own,
    ...listed.filter((path, index) => index % step === 0 && existsSync(join(at.target, path))).flatMap((path) => [
      onFile(path, "removed", (file) => rmSync(file)),
      onFile(path, "with a changed byte", changed)
    ])
  ]
})

const R01 = rule(
  "R01",
  "restores what inspect reports as missing or modified when it is staged and committed again, or published again",
  { inspect: true, upsert: true, readBack: true, damages: true },
  (subject) =>
    Effect.gen(function*() {
      const damages = yield* damagesOf(subject)
      for (const [damage, apply] of damages) {
        yield* Effect.scoped(Effect.gen(function*() {
          const at = yield* trial(subject)
          const all = yield* jobs(plain(8))
          yield* at.run([all])
          const before = subject.published === undefined ? undefined : yield* at.published("before")
          yield* apply(at.target)
          const found = yield* at.inspected("content")
          const damaged = found.flatMap((item) => item._tag === "Missing" || item._tag === "Modified" ? [item] : [])
          // What is of no job is restored by the run itself.
          const amiss = new Set(damaged.flatMap(({ batchId, jobId }) =>
            batchId === undefined || jobId === undefined ? [] : [keyOf({ batchId, jobId })]
          ))
          yield* must(damaged.length > 0, `${damage}: inspect reports nothing as missing or modified`)
          yield* at.run([all.filter(({ record }) =>
            amiss.has(keyOf(record))
          )], "again")
          yield* inspectFinds(at, all, "content", `${damage}, and stored again`)
          yield* at.holds(all, `${damage}, and stored again`)
          if (before === undefined) return
          yield* publishedIs(yield* at.published(damage), before, `${damage}, and after the next run`)
        }))
      }
    })
)

export const repair: ReadonlyArray<Rule> = [R01]

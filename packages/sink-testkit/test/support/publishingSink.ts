/**
 * The tiny sink as the store of a sink that publishes at the end: one JSON file, or a file for each job and an index that
 * readers begin with. With a flaw, it breaks a rule about that.
 */
import { JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import type { Subject } from "../../src/index.ts"
import { readCommits } from "./tinyFiles.ts"
import { tinySink } from "./tinyFileSink.ts"

/** What is published: one file, or a folder. */
type Shape = "file" | "folder"

const entryOf = { file: "dataset.json", folder: "dataset/index.json" } as const

/** The ways in which it can be made to break a rule. */
export type Flaw = "" | "early" | "stopped" | "idle" | "in place" | "index stays" | "rewrites" | "trusting"

/** What is to be published of what is stored, by path. The entry file is the last one. */
const wanted = (target: string, shape: Shape): ReadonlyMap<string, Buffer> => {
  const found = readCommits(target).toSorted((one, other) => one.jobId < other.jobId ? -1 : 1)
  const jobs = found.map(({ batchId, jobId, revision }) => {
    const name = createHash("sha256").update(JSON.stringify([batchId, jobId])).digest("hex").slice(0, 16)
    return { path: `dataset/${name}.json`, bytes: Buffer.from(JSON.stringify({ batchId, jobId, revision })) }
  })
  const files = new Map(shape === "file" ? [] : jobs.map(({ bytes, path }) => [path, bytes]))
  const index = jobs.map(({ bytes, path }) => shape === "file" ? bytes.toString() : path)
  return found.length === 0 ? new Map() : files.set(entryOf[shape], Buffer.from(`[${index.join(",")}]`))
}

/** The files that are published, by path. */
const readPublished = (target: string, shape: Shape): ReadonlyMap<string, Buffer> => {
  const folder = join(target, "dataset")
  const paths = shape === "file"
    ? [entryOf.file]
    : fs.existsSync(folder)
    ? fs.readdirSync(folder).map((name) => `dataset/${name}`)
    : []
  const there = paths.filter((path) => fs.existsSync(join(target, path))).toSorted()
  return new Map(there.map((path) => [path, fs.readFileSync(join(target, path))]))
}

const sync = (path: string) => {
  const fd = fs.openSync(path, "r")
  fs.fsyncSync(fd)
  fs.closeSync(fd)
}

/** Which commits are published: as long as these are all, the publication must be what they give. */
const recordOf = (target: string) => join(target, "published")
const commitsIn = (target: string) => {
  const folder = join(target, "commits")
  return fs.existsSync(folder) ? fs.readdirSync(folder).toSorted().join("\n") : ""
}
const isPublished = (target: string) =>
  (fs.existsSync(recordOf(target)) ? fs.readFileSync(recordOf(target), "utf8") : "") === commitsIn(target)

/** Puts a file in its place at once. */
const put = (target: string, path: string, bytes: Buffer | string) => {
  const staged = join(target, "staging", "published")
  fs.writeFileSync(staged, bytes)
  sync(staged)
  fs.renameSync(staged, path)
  sync(dirname(path))
}

/** Makes the publication what the store gives: the entry file is removed first and put last. */
const publish = (target: string, shape: Shape, flaw: Flaw): void => {
  if (flaw === "trusting" && isPublished(target)) return
  const [found, entry] = [readPublished(target, shape), entryOf[shape]]
  const isSame = (path: string, bytes: Buffer) => flaw !== "rewrites" && found.get(path)?.equals(bytes) === true
  const files = Array.from(wanted(target, shape))
  const isChanged = files.some(([path, bytes]) => !isSame(path, bytes))
  // The entry file is removed and put back with any other change, even if it is the same.
  const changed = files.filter(([path, bytes]) => isChanged && (path === entry || !isSame(path, bytes)))
  const folder = dirname(join(target, entry))
  if (changed.length > 0) fs.mkdirSync(folder, { recursive: true })
  if (changed.length > 0 && shape === "folder" && flaw !== "index stays") {
    fs.rmSync(join(target, entry), { force: true })
    sync(folder)
  }
  for (const [path, bytes] of changed) {
    if (flaw === "in place") fs.writeFileSync(join(target, path), bytes)
    else put(target, join(target, path), bytes)
  }
  if (!isPublished(target)) put(target, recordOf(target), commitsIn(target))
}

/** Makes the sink. */
export const publishingSink = (target: string, shape: Shape, flaw: Flaw = ""): JobSink.JobSink => {
  const { branches: _, ...store } = tinySink(target)
  const attempt = <A>(step: JobSink.SinkError["step"], run: () => A) =>
    Effect.try({
      try: run,
      catch: (error) => new JobSink.SinkError({ sink: store.name, step, reason: "unavailable", detail: String(error) })
    })
  const damages = attempt("inspect", (): ReadonlyArray<JobSink.Inspected> => {
    if (!isPublished(target)) return []
    const found = readPublished(target, shape)
    return Array.from(wanted(target, shape)).flatMap(([path, bytes]) => {
      const there = found.get(path)
      return there?.equals(bytes) === true ? [] : [{ _tag: there === undefined ? "Missing" : "Modified", path }]
    })
  })
  return {
    ...store,
    capabilities: { ...store.capabilities, visibility: "finish", writers: "single" },
    open: Effect.map(store.open, (open): JobSink.OpenSink => {
      let hasCommitted = false
      const published = (step: "commit" | "finish") => attempt(step, () => publish(target, shape, flaw))
      return {
        ...open,
        commit: (token) =>
          Effect.tap(open.commit(token), () => {
            hasCommitted = true
            return flaw === "early" ? published("commit") : Effect.void
          }),
        finish: (end) => {
          const isDue = end.outcome === "stopped" ? flaw === "stopped" : flaw !== "idle" || hasCommitted
          return Effect.andThen(open.finish(end), isDue ? published("finish") : Effect.void)
        }
      }
    }),
    inspect: (depth) => Stream.concat(store.inspect(depth), Stream.fromEffect(damages))
  }
}

/** The sinks with a flaw, by the name of an export, for their own processes. */
export const publishing = {
  makeFile: (target: string) => publishingSink(target, "file"),
  makeFolder: (target: string) => publishingSink(target, "folder"),
  makeInPlace: (target: string) => publishingSink(target, "file", "in place"),
  makeIndexStays: (target: string) => publishingSink(target, "folder", "index stays"),
  makeRewrites: (target: string) => publishingSink(target, "folder", "rewrites"),
  makeEarly: (target: string) => publishingSink(target, "file", "early"),
  makeStopped: (target: string) => publishingSink(target, "file", "stopped"),
  makeIdle: (target: string) => publishingSink(target, "folder", "idle"),
  makeTrusting: (target: string) => publishingSink(target, "folder", "trusting")
}

const folders: ReadonlySet<string> = new Set([
  "makeFolder",
  "makeIndexStays",
  "makeRewrites",
  "makeIdle",
  "makeTrusting"
])

/** One of the sinks as a subject. `programs` is where the test run has bundled this module with the kit's. */
export const publishingSubject = (name: keyof typeof publishing, programs: string): Subject => {
  const shape = folders.has(name) ? "folder" : "file"
  return {
    make: publishing[name],
    location: "files",
    content: "dataset",
    readBack: (target) =>
      Effect.try(() => readCommits(target).map(({ batchId, jobId, revision }) => ({ batchId, jobId, revision }))),
    published: (target) => Effect.try(() => readPublished(target, shape)),
    ...shape === "folder" ? { entries: [entryOf.folder] } : {},
    module: { url: join(programs, "subject.js"), export: name, programs }
  }
}

/**
 * A small sink that keeps every rule: one file for each commit, written next to it and renamed into place. With a flaw, it
 * breaks the rule of that id.
 */
import { type Content, JobSink } from "@labelstream/core/sink"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash, randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { basename, dirname, join } from "node:path"
import { type Line, partsIn, readCommits } from "./tinyFiles.ts"

const name = "tiny"

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code ?? ""

const final = new Set(["ENOTDIR", "EACCES", "EPERM", "EROFS"])

/** `commits` is where commits go. */
export const tinySink = (
  target: string,
  flaw = "",
  commits = join(target, "commits")
): JobSink.JobSink => {
  const isPart = basename(dirname(target)) === "writers"
  const isShared = !isPart && flaw !== "P02"
  const staging = join(target, "staging")
  const lock = join(target, "lock")
  const held: Array<Uint8Array> = []
  let dead: unknown

  const attempt = <A>(step: JobSink.SinkError["step"], run: () => A): Effect.Effect<A, JobSink.SinkError> =>
    Effect.try({
      try: () => {
        if (dead !== undefined) throw dead
        return run()
      },
      catch: (error) => {
        if (error instanceof JobSink.SinkError) return error
        const code = codeOf(error)
        if (flaw === "C03" && code === "ENOSPC" || flaw === "F03" && code === "EIO" && step === "commit") dead = error
        const isTaken = isPart && code === "ENOENT"
        const reason = isTaken || code === "EEXIST" && (step === "open" || step === "merge") ?
          "conflict"
          : final.has(code) || flaw === "F01" && code === "ENOSPC" ?
          "misconfigured"
          : "unavailable"
        return new JobSink.SinkError({ sink: name, step, reason, detail: String(error) })
      }
    })

  const sync = (path: string) => {
    if (flaw === "C05") return
    const fd = fs.openSync(path, "r")
    fs.fsyncSync(fd)
    fs.closeSync(fd)
  }

  /** The name is durable before the bytes are. */
  const publishEarly = (from: string, to: string) => {
    fs.copyFileSync(from, to)
    sync(commits)
    sync(to)
    fs.unlinkSync(from)
  }

  const take = () => takeAt(lock)

  const takeAt = (lock: string) => {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: "wx" })
    } catch (error) {
      const pid = Number(fs.readFileSync(lock, "utf8"))
      if (codeOf(error) !== "EEXIST" || pid === process.pid || fs.existsSync(`/proc/${pid}`)) throw error
      fs.writeFileSync(lock, String(process.pid))
    }
  }

  const commitFiles = () => fs.readdirSync(commits).sort()
  /** Named by the time, and after what is there. */
  const nextFile = () => {
    const last = Number.parseInt(commitFiles().at(-1) ?? "0", 10)
    return join(commits, `${String(Math.max(last + 1, Date.now() * 1000)).padStart(18, "0")}.ndjson`)
  }

  const release = (folder: string) => fs.rmSync(join(folder, "lock"), { force: true })

  /** Moves the commits of the parts here, each under its own name. */
  const mergeParts = (): JobSink.Merged => {
    let merged = 0
    const stillOpen: Array<string> = []
    for (const part of partsIn(target)) {
      const writer = basename(part)
      try {
        if (flaw === "M03" && fs.existsSync(join(part, "lock"))) {
          throw Object.assign(new Error(part), { code: "EEXIST" })
        }
        if (flaw !== "M08") takeAt(join(part, "lock"))
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error
        stillOpen.push(writer)
        continue
      }
      merged += readCommits(part).length
      const folder = join(part, "commits")
      const files = (fs.existsSync(folder) ? fs.readdirSync(folder) : []).map((file) => ({
        file,
        bytes: fs.readFileSync(join(folder, file))
      }))
      if (flaw === "M04") fs.rmSync(folder, { recursive: true, force: true })
      for (const { bytes, file } of files) {
        const order = flaw === "M06" ? `9-${writer}-` : ""
        const to = flaw === "M01"
          ? join(commits, "0.ndjson")
          : join(commits, `${order}${file.slice(0, -7)}-${writer}.ndjson`)
        if (flaw === "M04") fs.writeFileSync(to, bytes)
        else if (flaw === "M05") fs.copyFileSync(join(folder, file), to)
        else fs.renameSync(join(folder, file), to)
      }
      sync(commits)
      if (flaw === "M05") release(part)
      else fs.rmSync(part, { recursive: true })
    }
    if (stillOpen.length === 0 && flaw !== "M05") fs.rmSync(join(target, "writers"), { recursive: true, force: true })
    return { merged, stillOpen }
  }

  const enter = () => {
    fs.mkdirSync(commits, { recursive: true })
    fs.mkdirSync(staging, { recursive: true })
    for (const folder of [commits, staging]) {
      if (!fs.lstatSync(folder).isDirectory()) throw Object.assign(new Error(`${folder} is a link`), { code: "EPERM" })
    }
    sync(target)
    if (isLocked) take()
    if (flaw === "L05") fs.openSync(target, "r")
    for (const file of fs.readdirSync(staging)) {
      if (flaw === "C01") fs.renameSync(join(staging, file), nextFile())
      else fs.unlinkSync(join(staging, file))
    }
  }

  const isLocked = flaw !== (isPart ? "M08" : "P02")

  const leave = (succeeded: boolean) => {
    // The part was taken over.
    if (!fs.existsSync(staging)) return
    for (const file of fs.readdirSync(staging)) fs.unlinkSync(join(staging, file))
    if (isLocked && (succeeded || flaw !== "L04")) fs.rmSync(lock, { force: true })
  }

  const stage = Effect.fnUntraced(function*(
    path: string,
    records: ReadonlyArray<JobSink.JobRecord>
  ) {
    const fd = yield* attempt("stage", () => fs.openSync(path, "w"))
    const hash = createHash("sha256")
    const put = (line: Line) => {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
      hash.update(bytes)
      fs.writeSync(fd, bytes)
    }
    const putContent = (content: Content.Content) =>
      flaw === "W07"
        ? Effect.map(content.collect, (bytes) => {
          for (let from = 0; from < Math.max(1, bytes.length); from += 65_536) {
            put({ data: Buffer.from(bytes.subarray(from, from + 65_536)).toString("base64") })
          }
        })
        : Stream.runForEach(content.stream, (chunk) =>
          attempt("stage", () => put({ data: Buffer.from(chunk).toString("base64") })))
    const rejections: Array<JobSink.Rejection> = []
    const receipts: Array<JobSink.Receipt> = []
    yield* Effect.gen(function*() {
      for (const record of records) {
        const { attachments, batchId, document, jobId, projectId, revision } = record
        if (flaw === "P03" && document.bytes !== undefined) held.push(document.bytes)
        const contents = [document, ...attachments.map(({ content }) => content)]
        const bytes = contents.reduce((sum, { size }) => sum + size, 0)
        const url = flaw === "O02" ? record.result.result ?? "" : ""
        yield* attempt("stage", () => {
          if (flaw === "W05" && (jobId.startsWith("../") || jobId.startsWith("a"))) {
            fs.mkdirSync(dirname(join(target, jobId)), { recursive: true })
            fs.writeFileSync(join(target, jobId), "")
          }
          put({ projectId, batchId, jobId, revision, bytes, url })
        })
        const done = yield* Effect.result(
          Effect.forEach(contents, (content) =>
            Effect.andThen(
              putContent(content),
              attempt("stage", () => put({ end: content.sha256 }))
            ), { discard: true })
        )
        if (done._tag === "Success") receipts.push({ batchId, jobId, revision, bytes })
        else if (done.failure._tag === "SinkError") return yield* done.failure
        else {
          yield* attempt("stage", () => put({ drop: true }))
          rejections.push({
            batchId,
            jobId,
            error: new JobSink.SinkError({
              sink: name,
              step: "stage",
              reason: "rejected",
              detail: "its bytes cannot be read",
              batchId,
              jobId
            })
          })
        }
      }
      yield* attempt("stage", () => {
        fs.writeSync(fd, `${JSON.stringify({ sha256: hash.digest("hex") })}\n`)
        if (flaw !== "C05") fs.fsyncSync(fd)
      })
    }).pipe(
      Effect.onExit(() => attempt("stage", () => fs.closeSync(fd)))
    )
    return { receipts, rejections }
  })

  const session = (): JobSink.OpenSink => {
    const staged = new Map<string, ReadonlyArray<JobSink.Receipt>>()
    const committed = new Map<string, ReadonlyArray<JobSink.Receipt>>()
    const pathOf = (token: string) => join(staging, createHash("sha256").update(token).digest("hex"))
    return {
      stage: (token, records) =>
        committed.has(token) ? Effect.succeed([]) : Effect.map(stage(pathOf(token), records), (result) => {
          staged.set(token, result.receipts)
          return result.rejections
        }),
      commit: (token) =>
        attempt("commit", () => {
          const known = committed.get(token)
          if (known !== undefined) return known
          const receipts = staged.get(token)
          if (receipts === undefined) return []
          if (receipts.length > 0) {
            try {
              const file = nextFile()
              if (flaw === "C07") publishEarly(pathOf(token), file)
              else fs.renameSync(pathOf(token), file)
            } catch (error) {
              if (flaw !== "C04") throw error
            }
            sync(commits)
          }
          staged.delete(token)
          committed.set(token, receipts)
          return receipts
        }),
      abort: (token) =>
        attempt("abort", () => {
          if (staged.delete(token)) fs.rmSync(pathOf(token), { force: true })
        }),
      finish: ({ outcome }) =>
        attempt("finish", () => {
          if (outcome !== "completed" || commitFiles().length === 0) return
          const files = commitFiles().map((file) => {
            const bytes = fs.readFileSync(join(commits, file))
            const size = flaw === "V01" ? bytes.length + 1 : bytes.length
            return { path: `commits/${file}`, size, sha256: createHash("sha256").update(bytes).digest("hex") }
          })
          fs.writeFileSync(join(target, "manifest.json"), JSON.stringify(files))
        })
    }
  }

  const branches: JobSink.Branches = {
    open: (writer) => {
      if (JobSink.isWriterName(writer)) {
        if (flaw === "M02") fs.mkdirSync(join(target, "writers", writer, "commits"), { recursive: true })
        return tinySink(join(target, "writers", writer), flaw, flaw === "M02" ? commits : undefined).open
      }
      const detail = `${writer} is no name`
      return Effect.fail(new JobSink.SinkError({ sink: name, step: "open", reason: "misconfigured", detail }))
    },
    merge: attempt("merge", () => {
      enter()
      try {
        return mergeParts()
      } finally {
        leave(true)
      }
    }),
    list: attempt("merge", () =>
      partsIn(target).map((part) => {
        const lock = join(part, "lock")
        return {
          writer: basename(part),
          holder: fs.existsSync(lock) ? `process ${fs.readFileSync(lock, "utf8")}` : null
        }
      })),
    takeOver: (writer) =>
      attempt("merge", () => {
        enter()
        try {
          const part = join(target, "writers", writer)
          if (flaw === "M09") return
          fs.rmSync(join(part, "lock"), { force: true })
          fs.renameSync(part, join(target, "writers", `taken-${randomUUID()}`))
        } finally {
          leave(true)
        }
      })
  }

  return {
    name,
    version: "1",
    id: `${name}:${target}`,
    capabilities: {
      keying: "upsert",
      visibility: "commit",
      durability: "fsync",
      deterministic: false,
      inspectable: true,
      writers: isShared ? "many" : "single",
      concurrentBatches: 2,
      batch: { maxRecords: 32, maxBytes: 1024 * 1024, maxAge: 0 }
    },
    check: attempt("check", () => {
      let parent = target
      while (!fs.existsSync(parent)) parent = dirname(parent)
      const probe = fs.mkdtempSync(join(parent, ".check-"))
      if (flaw !== "L03") fs.rmdirSync(probe)
    }),
    open: Effect.acquireRelease(
      attempt("open", () => {
        enter()
        if (isShared) mergeParts()
        return session()
      }),
      (_, exit) => Effect.sync(() => leave(exit._tag === "Success"))
    ),
    ...isShared ? { branches } : {},
    inspect: () =>
      Stream.unwrap(Effect.map(
        Effect.try({
          try: () => readCommits(target, { parts: flaw !== "M07", trusting: flaw === "C02" }),
          catch: (error) =>
            new JobSink.SinkError({ sink: name, step: "inspect", reason: "corrupt", detail: String(error) })
        }),
        (found) =>
          Stream.make(found.map(({ bytes, batchId, jobId, projectId, revision }): JobSink.Inspected => ({
            _tag: "Intact",
            projectId,
            receipt: { batchId, jobId, revision, bytes }
          })))
      ))
  }
}

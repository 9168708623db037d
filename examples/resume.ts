// Kills an export halfway with SIGKILL, runs the same command again, and shows what each run requested.
import { PathName } from "@labelstream/core"
import { Simulator } from "@labelstream/simulator"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** Elsewhere, spawn `labelstream`. */
const command = join(dirname(fileURLToPath(import.meta.resolve("@labelstream/cli"))), "bin.ts")

const [batch, total] = ["resumed-batch", 400]
let served = 0
let onHalf = () => {}
const simulator = await Simulator.startPromise({
  batches: [{ id: batch, jobs: total, kinds: ["image_annotation", "video_annotation"] }],
  latency: 5,
  countJobs: true,
  onRequest: ({ endpoint }) => {
    if (endpoint === "storage" && ++served === total / 2) onHalf()
  }
})
const output = mkdtempSync(join(tmpdir(), "labelstream-resume-"))
const file = (id: string) => join(output, batch, `${PathName.fromId(id)}.json`)
const jobs = Array.from(simulator.jobs(batch), ({ id }) => id)

const run = async (title: string) => {
  const stored = new Set(jobs.filter((id) => existsSync(file(id))))
  simulator.reset()
  const child = spawn(process.execPath, [command, "export"], {
    env: {
      ...process.env,
      GT_STUDIO_API_KEY: simulator.apiKey,
      GT_STUDIO_BASE_URL: simulator.apiUrl,
      GT_STUDIO_PROJECT_ID: simulator.projectId,
      GT_STUDIO_BATCH_ID: batch,
      LABELSTREAM_TO: `files:${output}`,
      LABELSTREAM_LEDGER: join(output, ".labelstream", "ledger.sqlite")
    },
    stdio: "ignore"
  })
  onHalf = () => child.kill("SIGKILL")
  const [status, signal] = await once(child, "close")
  const asked = simulator.report()
  const again = Object.keys(asked.jobs ?? {}).filter((id) => stored.has(id))
  console.log(
    `${title}: ${stored.size} jobs stored before, ended ${signal === null ? `with ${status}` : `by ${signal}`}`
  )
  console.log(
    `  Requested ${asked.requests.jobs} pages and ${asked.requests.job} jobs, ${again.length} of them stored before`
  )
}

await run("First run")
onHalf = () => {}
served = total
await run("Second run")
await run("Third run")
const same = jobs.filter((id) => readFileSync(file(id)).equals(simulator.expectedDocument(batch, id))).length
console.log(`${same} of ${total} results are stored, with the bytes that the platform has`)
rmSync(output, { recursive: true })
await simulator.close()
process.exitCode = same === total ? 0 : 1

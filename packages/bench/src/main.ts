/**
 * Runs the benchmarks, prints their tables and writes everything as JSON: `node main.js [options] [benchmark ...]`.
 * The exit status says whether they ran, not how fast.
 */
import { mkdirSync, mkdtempDisposableSync, statfsSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, loadavg } from "node:os"
import { dirname, join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { again } from "./benchmarks/again.ts"
import { cluster } from "./benchmarks/cluster.ts"
import { datasets } from "./benchmarks/datasets.ts"
import { files } from "./benchmarks/files.ts"
import { normalise } from "./benchmarks/normalise.ts"
import { scale } from "./benchmarks/scale.ts"
import { script } from "./benchmarks/script.ts"
import { parquet, postgres, sqlite } from "./benchmarks/sinks.ts"
import { startUp } from "./benchmarks/startUp.ts"
import { streams } from "./benchmarks/streams.ts"
import type { Setting } from "./harness/contest.ts"
import { format, type Result, verdictTable } from "./harness/table.ts"

const benchmarks: Readonly<Record<string, (setting: Setting) => Promise<Result>>> = {
  startup: startUp,
  streams,
  files,
  script,
  sqlite,
  parquet,
  postgres,
  datasets,
  normalise,
  again,
  scale,
  cluster
}

/** Takes minutes whatever its size, since processes are waited for: no part of a quick run that does not name it. */
const slow = new Set(["cluster"])

const cache = join(import.meta.dirname, "..", "..", "..", "node_modules", ".cache", "bench")

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    json: { type: "string", default: join(cache, "results.json") },
    directory: { type: "string", default: join(cache, "files") },
    profile: { type: "string" },
    help: { type: "boolean", default: false }
  }
})

const help = `pnpm bench [options] [benchmark ...]

benchmarks: ${Object.keys(benchmarks).join(", ")} (all)

  --quick            few jobs, one round: under two minutes
  --rounds N         rounds of each contest (3, or 1 when quick)
  --json FILE        where the measurements go (${values.json})
  --directory DIR    where clients write: the disk that is measured
  --profile DIR      lets each client write a CPU profile there, which costs time`

/** Past this many seconds a quick run begins no further benchmark. */
const quickSeconds = 100

/** The magic number by which Linux says that a folder is in memory. */
const tmpfs = 0x01021994

const machine = (directory: string) => {
  mkdirSync(directory, { recursive: true })
  const inMemory = statfsSync(directory).type === tmpfs
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    load: loadavg()[0] ?? 0,
    disk: inMemory ? "in memory, where syncing costs nothing" : "a disk"
  }
}

const run = async (names: ReadonlyArray<string>): Promise<void> => {
  const { profile, quick } = values
  const parent = resolve(values.directory)
  const rounds = Math.max(1, Number(values.rounds ?? (quick ? 1 : 3)))
  const where = machine(parent)
  using directory = mkdtempDisposableSync(join(parent, "run-"))
  console.log(
    `Node.js ${where.node}, ${where.cores} cores of ${where.cpu}, load ${where.load.toFixed(1)}, on ${where.disk}. ` +
      `Medians of ${rounds} interleaved rounds (least to greatest).\n`
  )
  const setting: Setting = {
    quick,
    rounds,
    directory: directory.path,
    profiles: profile === undefined ? undefined : resolve(profile),
    log: (line) => console.error(line)
  }
  const results: Record<string, Result> = {}
  const start = performance.now()
  for (const name of names) {
    if (quick && performance.now() - start > quickSeconds * 1000) {
      console.log(`${name}: left out, the time is up\n`)
      continue
    }
    const result = results[name] = await benchmarks[name]!(setting)
    for (const table of result.tables) console.log(`${format(table)}\n`)
  }
  const verdicts = Object.values(results).flatMap((result) => result.verdicts)
  console.log(format(verdictTable(verdicts, quick)))
  const file = resolve(values.json)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ machine: where, quick, rounds, results }, null, 2)}\n`)
  console.error(`\nAll measurements: ${file}`)
}

const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name))
if (values.help) console.log(help)
else if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}.\n\n${help}`)
  process.exitCode = 1
} else if (positionals.length > 0) await run(positionals)
else await run(Object.keys(benchmarks).filter((name) => !values.quick || !slow.has(name)))

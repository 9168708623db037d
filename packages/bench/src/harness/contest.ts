/**
 * Runs contestants against each other: one after the other, round after round, each in its own process and with an
 * empty folder. What drifts on a machine then drifts for all of them.
 */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { promisify } from "node:util"
import type { Measurement, Sample } from "./measurement.ts"
import { start } from "./process.ts"
import type { Server } from "./server.ts"

/** How thorough a run is, and where it may write. */
export interface Setting {
  /** Fits into two minutes: few jobs, one round. */
  readonly quick: boolean
  /** Rounds of each contest. */
  readonly rounds: number
  /** Folder of this run on the disk that is measured. */
  readonly directory: string
  /** Where clients write CPU profiles; undefined for none. */
  readonly profiles: string | undefined
  /** Is called with each step. */
  readonly log: (line: string) => void
}

/** One of those that do the same work. */
export interface Contestant {
  readonly name: string
  /** A module in `clients`, or a Python script there when it ends in `.py`. */
  readonly client: string
  /** What the client is told; `folder` is empty and its own. */
  readonly spec: (folder: string) => object
}

/** Samples of each contestant, by name, in the order of the rounds. */
export type Samples = Readonly<Record<string, ReadonlyArray<Sample>>>

const sync = promisify(execFile)

/**
 * Makes an empty folder. It stays until everything was measured: ext4 skips each inode that was freed in the last
 * minutes, so that a contestant would pay for the files of the contestants before it.
 */
export const scratch = (setting: Setting): string => mkdtempSync(join(setting.directory, "client-"))

/** Runs one client once. */
export const runOnce = async (
  setting: Setting,
  { client, name, spec }: Contestant,
  folder: string,
  server?: Server
): Promise<Sample> => {
  // Nobody pays for what the one before has left to be written.
  await sync("sync")
  await server?.served()
  const start = performance.now()
  const measured = client.endsWith(".py")
    ? await runPython(client, spec(folder))
    : await runNode(setting, client, spec(folder))
  const process = (performance.now() - start) / 1000
  const served = await server?.served()
  setting.log(`  ${name}: ${measured.seconds.toFixed(2)} s, CPU ${measured.cpu.toFixed(2)} s`)
  return { ...measured, process, ...(served === undefined ? {} : { server: served }) }
}

/** Runs all contestants, `rounds` times. */
export const contest = async (
  setting: Setting,
  title: string,
  contestants: ReadonlyArray<Contestant>,
  server?: Server,
  rounds = setting.rounds
): Promise<Samples> => {
  const samples: Record<string, Array<Sample>> = Object.fromEntries(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    setting.log(`${title}, round ${round + 1} of ${rounds}`)
    // Nobody is always the first.
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(round + turn) % contestants.length]!
      samples[contestant.name]!.push(await runOnce(setting, contestant, scratch(setting), server))
    }
  }
  return samples
}

const scripts = join(import.meta.dirname, "..", "..", "src", "clients")

const runNode = async (
  setting: Setting,
  client: string,
  spec: object
): Promise<Measurement> => {
  const flags = setting.profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${setting.profiles}`]
  const child = start("client", [client, JSON.stringify(spec)], flags)
  let measured: Measurement | undefined
  child.on("message", (message) => measured = message as Measurement)
  const [code] = await once(child, "exit")
  if (measured === undefined || code !== 0) throw new Error(`the client ${client} ended with status ${code}`)
  return measured
}

const runPython = async (script: string, spec: object): Promise<Measurement> => {
  const child = spawn("python3", [join(scripts, script), JSON.stringify(spec)], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, "exit")])
  if (code !== 0) throw new Error(`${script} ended with status ${code}`)
  return JSON.parse(out) as Measurement
}

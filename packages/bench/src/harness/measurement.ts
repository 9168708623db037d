import { readFileSync } from "node:fs"

/** What a run of one client took, as its own process says. */
export interface Measurement {
  /** Wall time of the measured work, in seconds. Loading modules and preparing input do not count. */
  readonly seconds: number
  /** CPU time of the measured work, user and system, of all threads, in seconds. */
  readonly cpu: number
  /** CPU time of the whole process so far, in seconds: loading modules included. */
  readonly processCpu: number
  /** Largest resident set of the process, in MB, whenever that was. */
  readonly rss: number
  /** How much was done, by what the client counts: `jobs`, `rows`, `bytes`. */
  readonly counts: Readonly<Record<string, number>>
}

/** A measurement with what only the parent process can see. */
export interface Sample extends Measurement {
  /** From starting the process to its end, in seconds. */
  readonly process: number
  /** What the server did meanwhile, where there was one. */
  readonly server?: {
    /** CPU time, in seconds. */
    readonly cpu: number
    /** Requests that arrived, by endpoint. */
    readonly requests: Readonly<Record<string, number>>
  }
}

/** Measures a client's work: the time between calls of `run` does not count. */
export class Stopwatch {
  #seconds = 0
  #cpu = 0

  /** Runs what is to be measured. May be called again: times add up. */
  async run<A>(work: () => A | Promise<A>): Promise<A> {
    const cpu = process.cpuUsage()
    const start = performance.now()
    const result = await work()
    this.#seconds += (performance.now() - start) / 1000
    const used = process.cpuUsage(cpu)
    this.#cpu += (used.user + used.system) / 1e6
    return result
  }

  /** The measurement so far. */
  taken(counts: Measurement["counts"]): Measurement {
    const { system, user } = process.cpuUsage()
    return {
      seconds: this.#seconds,
      cpu: this.#cpu,
      processCpu: (user + system) / 1e6,
      rss: peakMemory() / 1e6,
      counts
    }
  }
}

/**
 * The most that has ever been resident, in bytes. On Linux not `maxRSS`, which a process takes over from the one that
 * started it: a small client of a large parent would be told the parent's.
 */
const peakMemory = (): number => {
  const kilobytes = process.platform === "linux"
    ? Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1])
    : process.resourceUsage().maxRSS
  return kilobytes * 1024
}

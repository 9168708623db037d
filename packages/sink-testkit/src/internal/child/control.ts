/** What the file operations of a process are to do: set by the script that it plays, asked by the wrapped functions. */
import type { Recorder, Use } from "./operations.ts"

/** Which uses fail. */
export interface Faults {
  /** Names of functions, or `*` for all that change anything. */
  readonly ops: ReadonlyArray<string>
  readonly code: string
  /** Uses of these functions that still work. */
  readonly skip?: number
  /** How many then fail; default all. */
  readonly times?: number
}

class Control {
  /** Uses that changed something, by function. */
  counts: Record<string, number> = {}
  /** Uses that changed something, all together. */
  total = 0
  /** The process dies at this use. */
  killAt = Number.POSITIVE_INFINITY
  faults: Faults | undefined
  recorder: Recorder | undefined
  private met = 0

  fail(faults: Faults | undefined): void {
    this.faults = faults
    this.met = 0
  }

  /** Asked before each use; an answer is the error that it fails with. */
  before({ changes, op }: Use): Error | undefined {
    if (changes || op === "close") this.counts[op] = (this.counts[op] ?? 0) + 1
    if (changes && ++this.total === this.killAt) process.kill(process.pid, "SIGKILL")
    if (this.faults === undefined) return undefined
    const { code, ops, skip = 0, times = Number.POSITIVE_INFINITY } = this.faults
    if (!ops.includes(op) && !(changes && ops.includes("*"))) return undefined
    if (op === "open" && !changes) return undefined
    const at = this.met++
    if (at < skip || at >= skip + times) return undefined
    return Object.assign(new Error(`${code}: made to fail, ${op}`), { code, errno: -1, syscall: op })
  }
}

// One for the process, whichever way the module was loaded.
const key = Symbol.for("labelstream/sink-testkit/control")
const shared = globalThis as unknown as Record<symbol, Control | undefined>

export const control: Control = shared[key] ??= new Control()

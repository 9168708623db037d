import type { Ledger } from "@labelstream/core"
import type { Runs } from "./summaryModel.ts"

const runLines = 20

/** Takes runs, the latest first. */
export class RunTally {
  private count = 0
  private quiet = 0
  private readonly top: Array<Ledger.Run> = []

  readonly add = (run: Ledger.Run): void => {
    this.count++
    // The latest is always of interest: it says how fresh everything is.
    if (this.count > 1 && isQuiet(run)) this.quiet++
    else if (this.top.length < runLines) this.top.push(run)
  }

  result(): Runs {
    const { count, quiet, top } = this
    return { count, quiet, top, more: count - quiet - top.length }
  }
}

const isQuiet = ({ end }: Ledger.Run): boolean =>
  end !== null && end.outcome === "completed" && end.exported === 0 && end.failed === 0

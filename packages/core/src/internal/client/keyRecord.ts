import type { Reason } from "../../GtStudioError.ts"

/** Refusals of a key that was never accepted, and refusals in a row of one that was: then it is the key, and no single job. */
const [early, inARow] = [5, 100]

/**
 * Remembers whether the API accepted the key. Access refused to one job, or to one batch of several, is that one's failure;
 * only a key that is refused from the beginning, or again and again, makes going on useless.
 */
export class KeyRecord {
  private isAccepted = false
  private refused = 0
  private invalid = 0

  accept(): void {
    this.isAccepted = true
    this.invalid = 0
  }

  /** Notes why a request failed, and returns whether the key is to blame. */
  refuse({ _tag }: Reason): boolean {
    if (_tag !== "InvalidKey" && _tag !== "Forbidden") return false
    this.refused++
    // Rights that are missing say nothing of a key that has others.
    if (_tag === "InvalidKey") this.invalid++
    return this.isAccepted ? this.invalid >= inARow : this.refused >= early
  }
}

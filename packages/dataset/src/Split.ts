/**
 * Decides which split a job belongs to, by a hash of its key alone: a job stays where it is when others are added, is on
 * the same side in every format, and all of its frames are together.
 */
import { createHash } from "node:crypto"
import type { SampleJob } from "./Sample.ts"

/** Shares of the jobs by split, in order. They sum to 1. */
export type Shares = Readonly<Record<string, number>>

/** The split of all jobs that nothing else is said of. */
export const everything: Shares = { train: 1 }

/** Whether a split can have this name: letters, digits, `_` and `-`, up to 64, and not a number. */
export const isName = (name: string): boolean => /^(?!\d+$)[A-Za-z0-9_-]{1,64}$/.test(name)

/** A number from 0 to below 1 for a key: the first 6 bytes of its sha256, big-endian, over 2^48. */
export const positionOf = (key: string): number => createHash("sha256").update(key).digest().readUIntBE(0, 6) / 2 ** 48

/** Which split a job belongs to. */
export interface Split {
  /** The names in the order of the shares; at least one. */
  readonly order: ReadonlyArray<string>
  readonly of: (job: Pick<SampleJob, "referenceId" | "jobId">) => string
}

/**
 * Makes a split. The position of `salt` and the job's reference id, or its job id if that is empty, is compared with the
 * cumulated shares. A table from reference id to split overrides.
 */
export const make = (
  { salt = "", shares = everything, table }: {
    readonly shares?: Shares
    readonly salt?: string
    readonly table?: ReadonlyMap<string, string>
  }
): Split => {
  const entries = Object.entries(shares).filter(([, share]) => share > 0)
  const order = entries.map(([name]) => name)
  const last = order.at(-1) ?? "train"
  const of: Split["of"] = ({ jobId, referenceId }) => {
    const listed = referenceId === "" ? undefined : table?.get(referenceId)
    if (listed !== undefined) return listed
    if (entries.length <= 1) return last
    const position = positionOf(salt + (referenceId === "" ? jobId : referenceId))
    let limit = 0
    for (const [name, share] of entries) {
      limit += share
      if (position < limit) return name
    }
    // Shares such as 0.1 and 0.7 and 0.2 sum to a little less than 1.
    return last
  }
  return { order: order.length > 0 ? order : [last], of }
}

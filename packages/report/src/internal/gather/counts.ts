/** How often names occur, and in how many jobs, up to a number of distinct names. */

/** One name's counts. */
export interface Count {
  readonly name: string
  count: number
  jobs: number
  /** The job that it occurred in last. */
  lastJob: number
}

/** The most frequent first, and names in the order of their code units. */
export const byCount = (
  a: { readonly name: string; readonly count: number },
  b: { readonly name: string; readonly count: number }
): number => b.count - a.count || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** Longer names are compared by this many characters. */
const nameLength = 200

/** Counts names; beyond `limit` different ones, those that are new are counted together. */
export class Counts<A extends object = object> {
  private readonly counts = new Map<string, Count & A>()
  private readonly limit: number
  /** Occurrences of names beyond the limit. */
  overflow = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get distinct(): number {
    return this.counts.size
  }

  /** Counts one occurrence in a job; `make` returns what is kept with the counts of a new name. */
  add(name: string, job: number, make: () => A): (Count & A) | undefined {
    const key = name.length > nameLength ? `${name.slice(0, nameLength)}\u2026` : name
    let found = this.counts.get(key)
    if (found === undefined) {
      if (this.counts.size >= this.limit) {
        this.overflow++
        return undefined
      }
      found = { name: key, count: 0, jobs: 0, lastJob: -1, ...make() }
      this.counts.set(key, found)
    }
    found.count++
    if (found.lastJob !== job) {
      found.lastJob = job
      found.jobs++
    }
    return found
  }

  /** The most frequent ones. */
  top(size: number): ReadonlyArray<Count & A> {
    return Array.from(this.counts.values()).sort(byCount).slice(0, size)
  }
}

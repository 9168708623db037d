/** Counts what is served. Plain mutable numbers, since every request passes here. */
import type { Endpoint, Entry, Report } from "../Traffic.ts"

export type Origin = "api" | "storage"

const noEndpoints = (): Record<Endpoint, number> => ({
  details: 0,
  stats: 0,
  jobs: 0,
  job: 0,
  attachment: 0,
  storage: 0,
  other: 0
})

const add = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1
}

// names come from requests: no prototype, so that `__proto__` is a key like any other
const empty = <A>(): Record<string, A> => Object.create(null) as Record<string, A>

/** Counts for one simulator. */
export class Recorder {
  readonly #countJobs: boolean
  readonly #onRequest: ((entry: Entry) => void) | undefined
  readonly #inFlight = { all: 0, api: 0, storage: 0 }
  #total = 0
  #requests = noEndpoints()
  #statuses = empty<number>()
  #faults = empty<number>()
  #most = { all: 0, api: 0, storage: 0 }
  #connections = { api: 0, storage: 0 }
  #keys = 0
  #headers = empty<number>()
  #refused = { signature: 0, expired: 0, key: 0 }
  #bytes = 0
  #jobs = empty<Partial<Record<Endpoint, number>>>()

  constructor(countJobs: boolean, onRequest: ((entry: Entry) => void) | undefined) {
    this.#countJobs = countJobs
    this.#onRequest = onRequest
  }

  /** Whether ids of jobs are of use here; finding them costs a little. */
  get wantsJobs(): boolean {
    return this.#countJobs || this.#onRequest !== undefined
  }

  connected(origin: Origin): void {
    this.#connections[origin]++
  }

  arrived(origin: Origin): void {
    this.#total++
    for (const which of ["all", origin] as const) {
      this.#most[which] = Math.max(this.#most[which], ++this.#inFlight[which])
    }
  }

  left(origin: Origin): void {
    this.#inFlight.all--
    this.#inFlight[origin]--
  }

  asked(endpoint: Endpoint): void {
    this.#requests[endpoint]++
  }

  answered(entry: Entry): void {
    add(this.#statuses, entry.status === 0 ? "none" : String(entry.status))
    if (entry.fault !== undefined) add(this.#faults, entry.fault)
    if (this.#countJobs && entry.job !== undefined) {
      const counts = this.#jobs[entry.job] ??= {}
      counts[entry.endpoint] = (counts[entry.endpoint] ?? 0) + 1
    }
    this.#onRequest?.(entry)
  }

  sent(bytes: number): void {
    this.#bytes += bytes
  }

  refused(why: "signature" | "expired" | "key"): void {
    this.#refused[why]++
  }

  storageHeaders(names: ReadonlyArray<string>, bearsKey: boolean): void {
    if (bearsKey) this.#keys++
    for (const name of names) {
      if (this.#headers[name] !== undefined || Object.keys(this.#headers).length < 100) add(this.#headers, name)
    }
  }

  report(): Report {
    return {
      total: this.#total,
      requests: { ...this.#requests },
      statuses: { ...this.#statuses },
      faults: { ...this.#faults },
      mostInFlight: { ...this.#most },
      connections: { ...this.#connections },
      keysAtStorage: this.#keys,
      headersAtStorage: { ...this.#headers },
      refused: { ...this.#refused },
      bytes: this.#bytes,
      ...(this.#countJobs ? { jobs: structuredClone({ ...this.#jobs }) } : {})
    }
  }

  /** Resets all counts; open requests stay counted as open. */
  reset(): void {
    this.#total = 0
    this.#requests = noEndpoints()
    this.#statuses = empty()
    this.#faults = empty()
    this.#most = { ...this.#inFlight }
    this.#connections = { api: 0, storage: 0 }
    this.#keys = 0
    this.#headers = empty()
    this.#refused = { signature: 0, expired: 0, key: 0 }
    this.#bytes = 0
    this.#jobs = empty()
  }
}

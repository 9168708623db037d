/** What a simulator served, in counts that stay small however much that is. */

/** Names the places that requests arrive at; `other` is everything that no endpoint serves. */
export type Endpoint = "details" | "stats" | "jobs" | "job" | "attachment" | "storage" | "other"

/** Counts since the start or the last reset. */
export interface Report {
  /** Requests that arrived, in all. */
  readonly total: number
  readonly requests: Readonly<Record<Endpoint, number>>
  /** By HTTP status as text; `none` counts those cut off before any header. */
  readonly statuses: Readonly<Record<string, number>>
  /** Faults that occurred, by kind. */
  readonly faults: Readonly<Record<string, number>>
  /**
   * Most requests open at one time: at both origins together, and at each. Without `latency`, a response leaves in the
   * turn in which its request arrives, and this stays near 1 whatever the client does. Set a latency to measure its
   * concurrency.
   */
  readonly mostInFlight: { readonly all: number; readonly api: number; readonly storage: number }
  /** Connections accepted, by origin. */
  readonly connections: { readonly api: number; readonly storage: number }
  /** Requests at the storage that bore the API key (any `x-api-key`, or the key's text in another header or the URL). */
  readonly keysAtStorage: number
  /** Names of headers seen at the storage, with how often: trace headers and cookies show here. At most 100 names. */
  readonly headersAtStorage: Readonly<Record<string, number>>
  /** Requests at the storage refused for a missing or wrong signature, and for an expired one. */
  readonly refused: { readonly signature: number; readonly expired: number; readonly key: number }
  /** Length of the bodies of all responses without a fault, whether or not the client read to their end. */
  readonly bytes: number
  /** Requests by job and endpoint; only when asked for with `countJobs`, for it grows with the jobs. */
  readonly jobs?: Readonly<Record<string, Readonly<Partial<Record<Endpoint, number>>>>>
}

/** One request, as `onRequest` receives it when it is responded to or interrupted. */
export interface Entry {
  readonly endpoint: Endpoint
  readonly method: string
  /** The request target as it arrived, undecoded. */
  readonly target: string
  readonly batch?: string
  readonly job?: string
  /** 0 when it was cut off before any header. */
  readonly status: number
  /** Kind of its fault. */
  readonly fault?: string
}

const line = (name: string, counts: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(counts).filter(([, n]) => n > 0).map(([key, n]) => `${key} ${n.toLocaleString("en")}`)
  return parts.length === 0 ? "" : `${name.padEnd(14)}${parts.join(", ")}\n`
}

/** Returns a report for people, with a line per subject that is not empty. */
export const format = (report: Report): string =>
  (report.total === 0 ? "requests      none\n" : line("requests", { all: report.total, ...report.requests })) +
  line("statuses", report.statuses) +
  line("faults", report.faults) +
  line("in flight", {
    most: report.mostInFlight.all,
    api: report.mostInFlight.api,
    storage: report.mostInFlight.storage
  }) +
  line("connections", report.connections) +
  line("refused", report.refused) +
  line("bytes", { sent: report.bytes }) +
  line("keys", { "at the storage": report.keysAtStorage })

/**
 * Decides which request meets which fault. It counts only requests that a fault has chosen and that need a count, so
 * its memory grows with the faults and not with the requests.
 */
import { defaultTimes, type Fault, type Kind } from "../Fault.ts"
import type { Endpoint } from "../Traffic.ts"
import { hash, hashText } from "./random.ts"

/** A request as faults see it. */
export interface Asked {
  readonly endpoint: Exclude<Endpoint, "other">
  /** The same for the same thing asked again. */
  readonly key: string
  readonly page?: number | undefined
  readonly part?: "document" | "nested" | "input" | undefined
  /** Ids that the request is about; asked for only when a fault names one. */
  readonly about: () => { readonly batch?: string | undefined; readonly job?: string | undefined }
}

interface Rule {
  readonly fault: Fault
  readonly index: number
  readonly nth: number
  readonly times: number
}

const endpoints = ["details", "stats", "jobs", "job", "attachment", "storage"] as const

/** Holds a list of faults and what was counted for them. */
export class FaultEngine {
  readonly #seed: number
  #rules = new Map<string, ReadonlyArray<Rule>>()
  readonly #counts = new Map<string, number>()

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Takes another list, and forgets all counts. */
  set(faults: ReadonlyArray<Fault>): void {
    this.#counts.clear()
    const rules = faults.map((fault, index) => ({
      fault,
      index,
      nth: fault.nth ?? 1,
      times: fault.times ?? defaultTimes(fault.meets)
    }))
    this.#rules = new Map(endpoints.map((endpoint) => [
      endpoint,
      rules.filter(({ fault: { on } }) => on === endpoint || on === "any" || (on === "api" && endpoint !== "storage"))
    ]))
  }

  /** Forgets how often things were asked for. */
  reset(): void {
    this.#counts.clear()
  }

  /** The fault that a request meets, if any. */
  meet(asked: Asked): Kind | undefined {
    const rules = this.#rules.get(asked.endpoint)
    if (rules === undefined || rules.length === 0) return undefined
    const drawn = hashText(this.#seed, `${asked.endpoint} ${asked.key}`)
    for (const rule of rules) {
      if (this.#chooses(rule, asked, drawn) && this.#strikes(rule, asked)) return rule.fault.meets
    }
    return undefined
  }

  #chooses({ fault, index }: Rule, asked: Asked, drawn: number): boolean {
    const { from, share } = fault
    if (share !== undefined) {
      const draw = (from === undefined ? hash(drawn, index) : drawn) / 4294967296 - (from ?? 0)
      if (draw < 0 || draw >= share) return false
    }
    if (fault.page !== undefined && fault.page !== asked.page) return false
    if (fault.part !== undefined && fault.part !== asked.part) return false
    if (fault.batch === undefined && fault.job === undefined) return true
    const about = asked.about()
    return (fault.batch === undefined || fault.batch === about.batch) &&
      (fault.job === undefined || fault.job === about.job)
  }

  #strikes({ fault, index, nth, times }: Rule, asked: Asked): boolean {
    if (nth === 1 && times === Number.POSITIVE_INFINITY) return true
    const key = fault.per === "endpoint" ? `${index} ${asked.endpoint}` : `${index} ${asked.endpoint} ${asked.key}`
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count >= nth && count < nth + times
  }
}

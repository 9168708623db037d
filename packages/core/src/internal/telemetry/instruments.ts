import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import { durationBoundaries, type Spec } from "../../Telemetry.ts"

/** A gauge whose value is asked for when somebody reads it. */
export interface Reading {
  /** Keeps the last value and no longer asks. */
  readonly end: () => void
}

/** The metrics of one registry, each made once for its attributes: making and naming one costs more than an update. */
export class Instruments {
  private readonly context: Context.Context<never>
  private readonly made = new Map<string, Metric.Metric<number, unknown>>()

  constructor(context: Context.Context<never>) {
    this.context = context
  }

  /** Adds to a counter or notes a duration; sets a gauge. */
  update<A extends string>(spec: Spec<A>, attributes: Readonly<Record<A, string>>, value: number): void {
    let key = spec.name
    for (const name of spec.attributes) key += `\n${attributes[name]}`
    let metric = this.made.get(key)
    if (metric === undefined) {
      metric = make(spec, attributes)
      this.made.set(key, metric)
    }
    metric.updateUnsafe(value, this.context)
  }

  /** Gives a gauge a source instead of values. One that is begun later for the same gauge takes its place. */
  read<A extends string>(spec: Spec<A>, attributes: Readonly<Record<A, string>>, value: () => number): Reading {
    const gauge = Metric.gauge(spec.name, settings(spec, attributes))
    const registration = Metric.registerUnsafe(gauge, this.context, {
      get: () => ({ value: value() }),
      update: () => {},
      modify: () => {}
    })
    return {
      end: () => {
        registration.remove()
        gauge.updateUnsafe(value(), this.context)
      }
    }
  }
}

const settings = <A extends string>({ description, unit }: Spec<A>, attributes: Readonly<Record<A, string>>) => ({
  description,
  attributes: { ...attributes, ...(unit === undefined ? {} : { unit }) }
})

const make = <A extends string>(
  spec: Spec<A>,
  attributes: Readonly<Record<A, string>>
): Metric.Metric<number, unknown> => {
  switch (spec.type) {
    case "counter":
      return Metric.counter(spec.name, { ...settings(spec, attributes), incremental: true })
    case "gauge":
      return Metric.gauge(spec.name, settings(spec, attributes))
    case "histogram":
      return Metric.histogram(spec.name, { ...settings(spec, attributes), boundaries: durationBoundaries })
  }
}

/** Seconds between two readings of the clock that only goes forward, in nanoseconds. */
export const seconds = (from: bigint, to: bigint): number => Number(to - from) / 1e9

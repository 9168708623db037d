/** The values of a mask as runs of equal ones, row by row from the top left: a value and a length each, compressed. */
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { DatasetError } from "../DatasetError.ts"
import type { PixelRuns } from "../Sample.ts"

/** Collects runs. Neighbors of the same value become one run. */
export class RunWriter {
  private bytes = Buffer.allocUnsafe(64 * 1024)
  private size = 0
  private value = 0
  private length = 0

  add(value: number, length: number): void {
    if (value !== this.value) {
      this.flush()
      this.value = value
    }
    this.length += length
  }

  /** The runs. */
  end(): Uint8Array {
    this.flush()
    return deflateRawSync(this.bytes.subarray(0, this.size), { level: 1 })
  }

  private flush(): void {
    if (this.length === 0) return
    // Two numbers below 2^32 take 10 bytes at most.
    if (this.size + 10 > this.bytes.length) this.bytes = Buffer.concat([this.bytes], this.bytes.length * 2)
    this.put(this.value)
    this.put(this.length)
    this.length = 0
  }

  /** Seven bits in each byte, the lowest first; the highest bit says that more follow. */
  private put(number: number): void {
    let rest = number
    for (; rest > 127; rest >>>= 7) this.bytes[this.size++] = rest & 127 | 128
    this.bytes[this.size++] = rest
  }
}

/**
 * Reads the runs of so many pixels. `values` are the values of runs that get 1, 2 and so on; all others get 0. Throws a
 * `DatasetError` if the runs are not those of so many pixels.
 */
export const decode = (runs: Uint8Array, pixels: number, values: ReadonlyArray<number>): PixelRuns => {
  const numberOf = new Map(values.map((value, index) => [value, index + 1]))
  const bytes = inflated(runs)
  // A run has two bytes at least.
  const found = { values: new Uint16Array(bytes.length >> 1), ends: new Uint32Array(bytes.length >> 1) }
  let from = 0
  const next = (): number => {
    for (let number = 0, unit = 1;; unit *= 128) {
      const byte = bytes[from++] ?? 0
      number += (byte & 127) * unit
      if (byte < 128) return number
    }
  }
  let [at, count] = [0, 0]
  for (; from < bytes.length; count++) {
    found.values[count] = numberOf.get(next()) ?? 0
    at += next()
    found.ends[count] = at
  }
  if (at !== pixels) throw damaged()
  return { values: found.values.subarray(0, count), ends: found.ends.subarray(0, count) }
}

/** The value of each pixel of runs. */
export const expand = ({ ends, values }: PixelRuns): Uint16Array => {
  const pixels = new Uint16Array(ends.at(-1) ?? 0)
  let start = 0
  ends.forEach((end, index) => {
    if (values[index] !== 0) pixels.fill(values[index]!, start, end)
    start = end
  })
  return pixels
}

const inflated = (runs: Uint8Array): Uint8Array => {
  try {
    return inflateRawSync(runs)
  } catch (cause) {
    throw damaged(cause)
  }
}

const damaged = (cause?: unknown) =>
  new DatasetError({
    reason: "content",
    detail: "a mask of the store is damaged",
    ...cause === undefined ? {} : { cause }
  })

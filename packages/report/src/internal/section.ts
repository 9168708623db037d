import type { Html } from "./html.ts"

/** A part of the page; `body` is null if there is nothing to say. */
export interface Section {
  readonly id: string
  readonly heading: string
  readonly body: Html | null
}

/**
 * Reads the size of an image from its first bytes. The application provides it, as `@labelstream/node` does: core knows no
 * image format.
 */
import * as Context from "effect/Context"
import type { Size } from "./JobSink.ts"

/** How many bytes of an image are read, from its first one: 64 KiB. */
export const firstBytes: number = 64 * 1024

/** Returns the size of an image as it is displayed, or undefined if the given bytes do not say it. Must not throw. */
export type Reader = (first: Uint8Array) => Size | undefined

/** Default: undefined. Sizes then come from no image. */
export const ImageHeader = Context.Reference<Reader | undefined>("@labelstream/core/ImageHeader", {
  defaultValue: () => undefined
})

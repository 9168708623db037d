/** How the flaws of the sinks that publish at the end must be seen. */
import type { publishing } from "../support/publishingSink.ts"

export const publishingFlaws: Readonly<
  Partial<
    Record<
      keyof typeof publishing,
      { readonly id: string; readonly says: RegExp; readonly also?: ReadonlyArray<string> }
    >
  >
> = {
  makeEarly: { id: "A01", says: /committed and not finished: of what is published, dataset\.json has appeared/ },
  makeStopped: {
    id: "A01",
    says: /finished by a run that was stopped: of what is published, dataset\.json has appeared/
  },
  makeIdle: {
    id: "A01",
    says: /after a run in which nothing new came, and one before that did not publish: .* has gone/,
    also: ["R01"]
  },
  makeInPlace: { id: "A10", says: /finish was killed at .*: readers see neither the old publication nor the new one/ },
  makeIndexStays: {
    id: "A10",
    says: /finish was killed at .*: readers see neither the old publication nor the new one/
  },
  makeRewrites: { id: "A10", says: /dataset\/\w+\.json is written again, though unchanged/ },
  makeTrusting: { id: "R01", says: /removed, and stored again, inspect finds .*"Missing"/ }
}

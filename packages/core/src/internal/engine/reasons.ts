/** Why inputs could not be fetched or measured, as reports count it: in a few short texts that name no address. */
import type { GtStudioError } from "../../GtStudioError.ts"

/** A reason and its count. */
export interface Counted {
  readonly reason: string
  readonly count: number
}

/** Returns a short text for a request that failed. */
export const reasonOf = ({ reason, status }: GtStudioError): string =>
  reason._tag === "NotTheFile"
    ? `${reason.detail} instead of the file`
    : status !== undefined && reason._tag !== "ConnectionFailed"
    ? `HTTP ${status}`
    : reason._tag === "BadRedirect"
    ? "a redirect that leads nowhere"
    : reason._tag === "BadRequest"
    ? "no address"
    : "unreachable"

/** Counts reasons, in the order of their first occurrence. */
export const counted = (reasons: Iterable<string>): ReadonlyArray<Counted> => {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return Array.from(counts, ([reason, count]) => ({ reason, count }))
}

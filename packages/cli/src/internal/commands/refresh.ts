import * as Option from "effect/Option"
import { runSelection } from "./export.ts"

type Flags = Parameters<typeof runSelection>[0] & {
  readonly jobs: ReadonlyArray<string>
  readonly checkedBefore: Option.Option<Date>
}

export const run = (flags: Flags): ReturnType<typeof runSelection> =>
  runSelection(flags, {
    _tag: "Refresh",
    ...(flags.jobs.length === 0 ? {} : { jobs: new Set(flags.jobs) }),
    ...(Option.isNone(flags.checkedBefore) ? {} : { checkedBefore: flags.checkedBefore.value.getTime() })
  })

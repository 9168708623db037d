import { runSelection } from "./export.ts"

export const run = (flags: Parameters<typeof runSelection>[0]): ReturnType<typeof runSelection> =>
  runSelection(flags, { _tag: "Retry" })

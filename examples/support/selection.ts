/** Which jobs an example exports, and whether it follows the batch: as the environment says. */
import type { Export } from "@labelstream/core"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { SettingsError } from "./platform.ts"

const environment = Config.all({
  select: Config.Literals(["new", "retry", "refresh"], "LABELSTREAM_SELECT").pipe(Config.withDefault("new")),
  jobs: Config.String("LABELSTREAM_REFRESH_JOBS").pipe(Config.withDefault("")),
  before: Config.String("LABELSTREAM_REFRESH_BEFORE").pipe(Config.withDefault("")),
  follow: Config.Finite("LABELSTREAM_FOLLOW").pipe(Config.withDefault(0))
})

/** The selection and the interval of following that are set. */
export const selection = Effect.gen(function*() {
  const { before, follow, jobs, select } = yield* environment.pipe(
    Effect.mapError((error) => new SettingsError({ message: `The settings cannot be read: ${error.message}` }))
  )
  const checkedBefore = before === "" ? undefined : Date.parse(before)
  if (Number.isNaN(checkedBefore)) {
    return yield* new SettingsError({ message: "LABELSTREAM_REFRESH_BEFORE must be a time such as 2026-11-23T08:00Z" })
  }
  if (select !== "refresh" && (jobs !== "" || before !== "")) {
    return yield* new SettingsError({
      message: "LABELSTREAM_REFRESH_JOBS and LABELSTREAM_REFRESH_BEFORE go with LABELSTREAM_SELECT=refresh"
    })
  }
  if (follow < 0) return yield* new SettingsError({ message: "LABELSTREAM_FOLLOW must be 0 or more seconds" })
  const ids = jobs.split(",").map((id) => id.trim()).filter((id) => id !== "")
  const chosen: Export.Selection = select === "new" ? { _tag: "New" } : select === "retry" ? { _tag: "Retry" } : {
    _tag: "Refresh",
    ...(ids.length === 0 ? {} : { jobs: new Set(ids) }),
    ...(checkedBefore === undefined ? {} : { checkedBefore })
  }
  return { selection: chosen, ...(follow === 0 ? {} : { follow: { interval: follow * 1000 } }) }
})

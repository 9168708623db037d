/** Which runners and processes are gone, as the membership knows: those without a heartbeat for as long as locks last. */
import type { Ledger } from "@labelstream/core"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Effect from "effect/Effect"
import { ExportStore } from "../../ExportStore.ts"

/** Returns those whose runner is gone, or whose process another one has replaced. */
export const goneOf = Effect.fnUntraced(function*<A extends { readonly runner: string; readonly isReplaced: boolean }>(
  known: ReadonlyArray<A>
): Effect.fn.Return<ReadonlyArray<A>, never, RunnerStorage.RunnerStorage> {
  const storage = yield* RunnerStorage.RunnerStorage
  const found = yield* Effect.option(storage.getRunners)
  // The members are unknown now, so that no runner counts as gone.
  if (found._tag === "None") return []
  const there = new Set(found.value.map(([{ address: { host, port } }]) => `${host}:${port}`))
  return known.filter(({ isReplaced, runner }) => isReplaced || !there.has(runner))
})

/** Names the processes that are gone, as the locks of sinks do. */
export const goneProcesses: Effect.Effect<
  ReadonlySet<string>,
  Ledger.LedgerError,
  ExportStore | RunnerStorage.RunnerStorage
> = Effect.gen(function*() {
  const all = yield* (yield* ExportStore).processes
  const gone = new Set(yield* goneOf(all))
  // Outside of Linux, two processes can have the same name.
  const present = new Set(all.filter((one) => !gone.has(one)).map(({ process }) => process))
  return new Set(Array.from(gone, ({ process }) => process).filter((process) => !present.has(process)))
})

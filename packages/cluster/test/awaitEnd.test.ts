/** How a client waits for an export while the database is away. */
import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@labelstream/core"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { ClusterExport, ExportRequest, ExportStore } from "../src/index.ts"
import { fresh, kinds } from "./support/databases.ts"
import { emptyRequest } from "./support/requests.ts"

const away = new Ledger.LedgerError({ reason: "unavailable", detail: "The cluster's database does not respond." })

describe("a client that waits for an export", () => {
  it.effect("notices within 5 seconds that the database is back, and logs the outage and its end", () =>
    Effect.gen(function*() {
      const store = yield* ExportStore.ExportStore
      const { row } = yield* store.submit("key", ExportRequest.encode(emptyRequest))
      yield* store.end(row.id, { state: "aborted", report: null, error: "it ended", runEnd: null })
      const logged: Array<string> = []
      let isAway = true
      const waiting = yield* ClusterExport.awaitEnd(row.id).pipe(
        Effect.provideService(ExportStore.ExportStore, {
          ...store,
          find: (id) => Effect.suspend(() => isAway ? Effect.fail(away) : store.find(id))
        }),
        Effect.provide(
          Logger.layer([Logger.make(({ logLevel, message }) => logged.push(`${logLevel} ${String(message)}`))])
        ),
        Effect.forkChild
      )
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(logged, ["Warn The cluster's database does not respond. Retrying for 5 minutes."])
      isAway = false
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).error, "it ended")
      assert.deepStrictEqual(logged.slice(1), ["Info The cluster's database responds again."])
    }).pipe(Effect.provide(ExportStore.layer.pipe(Layer.provide(fresh(kinds[0]!))), { local: true })))
})

import * as NodeStdio from "@effect/platform-node/NodeStdio"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type Outcome, SettingsError } from "../failure.ts"
import { exportHandler } from "../mcp/exportHandler.ts"
import { exportingTools, readingTools } from "../mcp/mcpTools.ts"
import { readingHandlers } from "../mcp/readingHandlers.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { resolveSettings } from "../settings/settings.ts"
import { needSome } from "../settings/sinkTargets.ts"
import { onSignal } from "../signals.ts"
import { version } from "../version.ts"

interface Flags extends SettingFlags {
  readonly config: Option.Option<string>
  readonly allowExport: boolean
}

const protocols = [
  McpProtocol.v2025_11_25,
  McpProtocol.v2025_06_18,
  McpProtocol.v2025_03_26,
  McpProtocol.v2024_11_05
] as const

/** Serves tools over stdin and stdout until stdin ends or a signal comes. */
export const run = Effect.fnUntraced(function*(flags: Flags): Outcome {
  const settings = yield* resolveSettings(settingsOf(flags), Option.getOrUndefined(flags.config))
  if (settings.cluster !== undefined) {
    return yield* new SettingsError({ message: "labelstream mcp works without a cluster. Unset LABELSTREAM_CLUSTER" })
  }
  if (flags.allowExport) yield* needSome(settings.to)
  const reading = McpServer.toolkit(readingTools).pipe(Layer.provide(readingHandlers(settings)))
  const exporting = McpServer.toolkit(exportingTools).pipe(Layer.provide(exportHandler(settings)))
  const server = McpServer.layerStdio({
    name: "labelstream",
    version,
    instructions:
      "Labelstream exports finished annotations of GT Studio. Start with status. Nothing here changes GT Studio.",
    protocols,
    registrations: flags.allowExport ? Layer.merge(reading, exporting) : reading
  })
  yield* Effect.scoped(Effect.gen(function*() {
    const stop = yield* onSignal(Effect.void, 1)
    const serving = yield* Effect.forkScoped(Layer.launch(Layer.provide(server, NodeStdio.layer)))
    const ended = yield* Effect.raceFirst(Fiber.await(serving), Effect.as(Deferred.await(stop), Exit.void))
    // The end of stdin interrupts the server: that is how a client ends it. The server fails only if it cannot take the
    // options above. No setting changes these, so a failure is a bug, and is reported as one.
    if (Exit.isFailure(ended) && !Cause.hasInterruptsOnly(ended.cause)) yield* Effect.orDie(ended)
  }))
  return 0
})

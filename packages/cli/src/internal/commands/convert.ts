import { Convert } from "@labelstream/core"
import { NodeImageHeader } from "@labelstream/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { targetForm, targetPattern } from "../../Config.ts"
import * as ExportProgram from "../../ExportProgram.ts"
import * as CommandLine from "../commandLine.ts"
import { type Failure, SettingsError } from "../failure.ts"
import { keyless, ledger } from "../platform.ts"
import { needDistinctTargets } from "../settings/distinctTargets.ts"
import { type SettingFlags, settingsOf } from "../settings/flags.ts"
import { isFetched, sizesOf } from "../settings/imageSizes.ts"
import { resolveSettings, sinkOf, type SinkTarget } from "../settings/settings.ts"
import { labelOf, make, makeAll } from "../settings/sinkTargets.ts"

interface Flags extends Pick<SettingFlags, "to" | "set" | "ledger" | "sizes"> {
  readonly from: string
  readonly batches: ReadonlyArray<string>
  readonly config: Option.Option<string>
  readonly json: boolean
}

/** Flags that an export does not know, with whether a value follows. */
const notForExport = new Map([["--from", true]])

export const run = (flags: Flags): Effect.Effect<number, Failure> =>
  Effect.scoped(Effect.gen(function*() {
    const { batches: _, ...rest } = flags
    const prepared = Effect.gen(function*() {
      if (!targetPattern.test(flags.from)) {
        return yield* new SettingsError({ message: `--from ${flags.from}: expected ${targetForm(flags.from)}` })
      }
      const settings = yield* resolveSettings(settingsOf(rest), Option.getOrUndefined(flags.config), [flags.from])
      const set = settings.set.filter(({ sink }) => sink === sinkOf(flags.from))
      const source: SinkTarget = { target: flags.from, folder: process.cwd(), set }
      yield* needDistinctTargets({ ...settings, to: [source, ...settings.to] })
      const to = yield* makeAll(settings.to)
      const sizes = yield* sizesOf(settings)
      // Whether the ledger can be written is known first. It stays open until the conversion has ended.
      const online = isFetched(settings) ? keyless(settings) : Layer.empty
      const context = yield* Layer.build(Layer.merge(ledger(settings), online))
      const conversion = yield* Convert.make({
        from: yield* make(source),
        to,
        ...sizes,
        ...(flags.batches.length === 0 ? {} : { batchIds: flags.batches })
      }).pipe(Effect.provide(context))
      return { conversion, where: settings.to.map(labelOf).join(", ") }
    })
    const { conversion, where } = yield* Effect.tapError(
      prepared,
      () => flags.json ? ExportProgram.printEmpty : Effect.void
    )
    return yield* ExportProgram.run({
      export: conversion.export,
      where,
      again: CommandLine.again(),
      retry: CommandLine.other("export", notForExport),
      json: flags.json
    }).pipe(Effect.provide(conversion.context), Effect.provide(NodeImageHeader.layer))
  }))

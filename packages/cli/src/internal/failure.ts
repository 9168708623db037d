import type { ClusterError, Membership } from "@labelstream/cluster"
import type { Content, GtStudioError, JobSink, Ledger, OptionError, SinkPlugin } from "@labelstream/core"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** What a person has set or typed cannot be used. Its message says all that is wrong, and what to do. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  message: Schema.String
}) {}

/** Why a command could not run, or not to its end. Every message is one for people. */
export type Failure =
  | SettingsError
  | SinkPlugin.SinkPluginError
  | GtStudioError.GtStudioError
  | JobSink.SinkError
  | OptionError.OptionError
  | Ledger.LedgerError
  | Content.ContentError
  | ClusterError.ClusterError
  | Membership.JoinError

/** The result of a command: an exit status. */
export type Outcome<R = never> = Effect.fn.Return<number, Failure, R>

/**
 * One promise of the sink contract, as something that can be run against a sink by itself: without a test framework, and
 * so also against sinks that are broken on purpose.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Subject } from "./Subject.ts"

/** A sink does not keep a rule. */
export class RuleViolation extends Schema.TaggedError<RuleViolation>()("RuleViolation", {
  /** The rule's id. */
  rule: Schema.String,
  /** What was expected and what was found. */
  detail: Schema.String
}) {
  override get message() {
    return `${this.rule}: ${this.detail}`
  }
}

/** A rule of the sink contract. */
export interface Rule {
  /** The id in the contract: a letter for the group and two digits. */
  readonly id: string
  /** The promise, after "the sink": `survives a first batch whose optional columns are all null`. */
  readonly title: string
  /** Why the rule does not bind this sink or cannot be checked on it, or undefined if it is to be checked. */
  readonly waived: (subject: Subject) => string | undefined
  /** Fails if the sink does not keep the rule, for any reason: a defect or a hang is a failure too. */
  readonly check: (subject: Subject) => Effect.Effect<void, RuleViolation>
}

/** What became of one rule on one sink. */
export type Outcome =
  | { readonly _tag: "Kept"; readonly rule: Rule }
  | { readonly _tag: "Waived"; readonly rule: Rule; readonly reason: string }
  | { readonly _tag: "Broken"; readonly rule: Rule; readonly violation: RuleViolation }

/** Checks one rule, or says why it is waived. */
export const run = (rule: Rule, subject: Subject): Effect.Effect<Outcome> => {
  const reason = rule.waived(subject)
  if (reason !== undefined) return Effect.succeed({ _tag: "Waived", rule, reason })
  return Effect.match(rule.check(subject), {
    onFailure: (violation): Outcome => ({ _tag: "Broken", rule, violation }),
    onSuccess: (): Outcome => ({ _tag: "Kept", rule })
  })
}

/** What a rule needs in order to be checked; the first that is missing is the reason given. */
export interface Needs {
  readonly readBack?: true
  readonly inspect?: true
  readonly files?: true
  readonly module?: true
  readonly upsert?: true
  /** Nothing of a batch is there before its commit. */
  readonly commit?: true
  /** Readers see a batch as soon as it is committed. */
  readonly atOnce?: true
  /** Readers see what `finish` has published. */
  readonly published?: true
  readonly fsync?: true
  readonly manifest?: true
  /** Bytes of documents are stored. */
  readonly documents?: true
  /** The sink can give its jobs back. */
  readonly replay?: true
  /** Several may write at once. */
  readonly branches?: true
  /** One process at a time may open the target. */
  readonly exclusive?: true
  /** Several may write at once, with no merge. */
  readonly direct?: true
  /** The target can be made to go away: its files can fail, or the subject says how. */
  readonly away?: true
  /** The subject has an `outage`. */
  readonly outage?: true
  /** There is a way to damage what is stored. */
  readonly damages?: true
  /** Written by `node:fs`. */
  readonly node?: true
}

const lossy = "a dataset has what its format has a place for, and neither documents nor rows"

/** The rules that no dataset can keep, with the reason. */
const notOfDatasets: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["W01", "W03", "W04", "W08", "S01", "S02", "S03", "S04"].map((id) => [id, lossy])),
  A02: "readers see a dataset when it is published, not when a batch is committed",
  A08: "a dataset does not keep the bytes that a receipt is of",
  V01: "a dataset keeps no documents for a manifest to list",
  V03: "a dataset does not give its jobs back"
}

const missing = (needs: Needs, subject: Subject): string | undefined => {
  // Making a sink touches nothing.
  const { capabilities, replay, branches } = subject.make(join(tmpdir(), "labelstream-described-only"))
  const { durability, inspectable, keying, visibility } = capabilities
  if (needs.branches && branches === undefined) return `writers is ${capabilities.writers}`
  if (needs.direct && capabilities.writers !== "direct") return `writers is ${capabilities.writers}`
  if (needs.exclusive && capabilities.writers === "direct") return "writers is direct"
  if (needs.outage && subject.outage === undefined) return "no outage given"
  if (needs.away && subject.location !== "files" && subject.outage === undefined) {
    return "keeps no files in the target, and no outage given"
  }
  if (needs.upsert && keying !== "upsert") return `keying is ${keying}`
  if (needs.commit && visibility === "stage" || needs.atOnce && visibility !== "commit") {
    return `visibility is ${visibility}`
  }
  if (needs.published && visibility !== "finish") return `visibility is ${visibility}`
  if (needs.published && subject.published === undefined) return "no way to read what is published given"
  if (needs.fsync && durability !== "fsync") return `durability is ${durability}`
  if (needs.inspect && !inspectable) return "not inspectable"
  if (needs.replay && replay === undefined) return "does not give its jobs back"
  if (needs.documents && subject.content === "rows") return "stores rows, not the bytes that they were read from"
  if (needs.readBack && subject.readBack === undefined) return "no readBack given"
  if (needs.files && subject.location !== "files") return "keeps no files in the target"
  if (needs.module && subject.module === undefined) return "no module given to run in a process of its own"
  if (needs.manifest && subject.manifest === undefined) return "no manifest given"
  if (needs.damages && [subject.manifest, subject.damages, subject.published].every((way) => way === undefined)) {
    return "no manifest and no damages given"
  }
  if (needs.node && subject.io === "native") return "writes natively, where this failure cannot be brought about"
  return undefined
}

/** @internal What a rule's own code fails with. */
export class Unkept extends Schema.TaggedError<Unkept>()("Unkept", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** @internal Fails if something that must hold does not. */
export const must = (holds: boolean, detail: string | (() => string)): Effect.Effect<void, Unkept> =>
  holds ? Effect.void : Effect.fail(new Unkept({ detail: typeof detail === "string" ? detail : detail() }))

/** @internal When a check counts as hanging, in seconds: many times what it takes, since machines may be busy. */
export const patience = 280

/** @internal Makes a rule. */
export const rule = (
  id: string,
  title: string,
  needs: Needs,
  check: (subject: Subject) => Effect.Effect<unknown, unknown, Scope.Scope>
): Rule => ({
  id,
  title,
  waived: (subject) =>
    subject.waive?.[id] ?? (subject.content === "dataset" ? notOfDatasets[id] : undefined) ?? missing(needs, subject),
  check: (subject) =>
    Effect.scoped(Effect.suspend(() => check(subject))).pipe(
      Effect.timeout(Duration.seconds(patience)),
      Effect.catchCause((cause) => Effect.fail(new RuleViolation({ rule: id, detail: detailOf(cause) }))),
      Effect.asVoid
    )
})

const detailOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  if (error instanceof Unkept) return error.detail
  if (Cause.isTimeoutError(error)) return "did not come to an end"
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

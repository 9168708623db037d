import type { JobSink, Ledger, Verify } from "@labelstream/core"
import type * as JsonOutput from "../../JsonOutput.ts"
import { count } from "./text.ts"

/** Damaged jobs of one project, with what a command must name to restore them. */
export interface Damage {
  readonly projectId: string
  readonly batchIds: ReadonlyArray<string>
  readonly sinks: ReadonlyArray<JobSink.JobSink>
}

type Tag = Verify.Difference["_tag"]

const names = { Missing: "missing", Modified: "modified", Extra: "extra", Leftover: "leftover" } as const

/** Most paths that are shown of each kind. */
const most = 20

const keyOf = ({ batchId, jobId }: Ledger.JobKey) => JSON.stringify([batchId, jobId])

const pathOf = (difference: Verify.Difference): string =>
  difference.path ?? ("jobId" in difference ? `${difference.batchId}/${difference.jobId}` : "")

/** What a verification has found so far, over all sinks. */
export class Found {
  /** Jobs that are stored as the ledger has them, once for each sink. */
  intact = 0
  /** The sinks that are damaged, each with the batches of its damaged jobs: none if a published file of many jobs is. */
  readonly damage: Array<{ readonly sink: JobSink.JobSink; readonly batches: Set<string> }> = []
  private readonly missing = new Set<string>()
  private readonly modified = new Set<string>()
  private readonly unfinished = new Set<string>()
  /** Each path of a kind once: one damaged file may hold many jobs. */
  private readonly paths: Record<Tag, Set<string>> = {
    Missing: new Set(),
    Modified: new Set(),
    Extra: new Set(),
    Leftover: new Set()
  }
  private readonly differences: Array<(typeof JsonOutput.Verify.Type)["differences"][number]> = []

  /** Adds a step, and returns the paths that deserve a line. */
  add(sink: JobSink.JobSink, step: Verify.Verified) {
    this.intact += step.intact
    return step.differences.flatMap((difference) => {
      const { _tag } = difference
      const { batchId, jobId, path: place } = { batchId: undefined, jobId: undefined, ...difference }
      this.differences.push({
        difference: names[_tag],
        sink: sink.id,
        ...(batchId === undefined ? {} : { batch_id: batchId }),
        ...(jobId === undefined ? {} : { job_id: jobId }),
        path: place
      })
      if (_tag === "Missing" || _tag === "Modified") this.damaged(sink, difference)
      else if (_tag === "Leftover" && difference.batchId !== undefined && difference.jobId !== undefined) {
        this.unfinished.add(keyOf({ batchId: difference.batchId, jobId: difference.jobId }))
      }
      const path = pathOf(difference)
      const known = this.paths[_tag]
      const isNew = !known.has(`${sink.id}\n${path}`)
      known.add(`${sink.id}\n${path}`)
      return isNew && known.size <= most ? [{ _tag, path }] : []
    })
  }

  private damaged(sink: JobSink.JobSink, difference: Verify.Difference & { readonly _tag: "Missing" | "Modified" }) {
    let of = this.damage.find((each) => each.sink === sink)
    if (of === undefined) this.damage.push(of = { sink, batches: new Set() })
    const { batchId, jobId, path } = difference
    const known = difference._tag === "Missing" ? this.missing : this.modified
    if (batchId !== undefined) of.batches.add(batchId)
    // What cannot be read does not say which jobs it held: these are found missing.
    if (jobId === "") return
    known.add(batchId === undefined || jobId === undefined ? `${sink.id}\n${path}` : keyOf({ batchId, jobId }))
  }

  /** Whether a job is missing, modified, or unfinished. */
  readonly isAffected = (job: Ledger.JobKey): boolean => {
    const key = keyOf(job)
    return this.missing.has(key) || this.modified.has(key) || this.unfinished.has(key)
  }

  get isDamaged(): boolean {
    return this.damage.length > 0
  }

  get hasExtra(): boolean {
    return this.paths.Extra.size > 0
  }

  get leftovers(): number {
    return this.paths.Leftover.size
  }

  /**
   * Jobs and published files that are missing, in part or whole; those that are modified and miss nothing; files and rows
   * that are extra.
   */
  private get numbers() {
    const modified = Array.from(this.modified).filter((key) => !this.missing.has(key)).length
    return { missing: this.missing.size, modified, extra: this.paths.Extra.size }
  }

  counts(): string {
    const { modified, extra, missing } = this.numbers
    return `${count(missing)} missing, ${count(modified)} modified, ${count(extra)} extra`
  }

  /** How many paths of each kind were not shown. */
  moreLines(): ReadonlyArray<string> {
    return Object.entries(this.paths).flatMap(([tag, { size }]) =>
      size <= most ? [] : [`${tag}: ${count(size - most)} more`]
    )
  }

  /** The object that `--json` prints. */
  object(
    intact: number,
    repair: ReadonlyArray<string>,
    unused: ReadonlyArray<string>,
    unpublished: ReadonlyArray<string>
  ): typeof JsonOutput.Verify.Type {
    const { differences, leftovers, numbers } = this
    return { intact, ...numbers, leftover: leftovers, differences, repair, unused, unpublished }
  }
}

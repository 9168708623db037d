/**
 * The content of a simulated project, from the options and the changes since (jobs added, finished, reworked). It holds
 * nothing for a job that was never touched, and knows nothing of HTTP.
 */
import { allKinds, type Job, type JobRef, type Kind, type Options, type Totals } from "../Scenario.ts"
import * as Content from "./content.ts"
import * as Files from "./files.ts"
import * as Ids from "./ids.ts"
import { hashText, uuid } from "./random.ts"
import { check, type Checked, requireText, requireWhole, unfinishedBy } from "./settings.ts"
import * as Urls from "./urls.ts"

/** A batch in its present state. */
export interface BatchState {
  readonly ordinal: number
  readonly id: string
  readonly name: string
  readonly kinds: ReadonlyArray<Kind>
  readonly ids: Ids.IdStyle
  readonly isUnfinished: (index: number) => boolean
  total: number
  allFinished: boolean
  readonly finished: Set<number>
  totals: Totals | undefined
}

/** The content that a URL names, with its batch. */
export interface Target extends Urls.Target {
  readonly state: BatchState
}

/** Past this, totals of a batch are scaled up from its first jobs: counting 2 million takes about a second. */
const countedJobs = 2_000_000

/** The content of a simulated project. */
export class World {
  readonly options: Checked
  readonly projectId: string
  readonly workFlowId: string
  readonly batches: ReadonlyArray<BatchState>
  readonly #byId: ReadonlyMap<string, BatchState>
  readonly #revisions = new Map<string, number>()
  readonly #firstHostile: number
  #inputsAt = Urls.bucket

  /** Throws a RangeError that names the option when one is out of range. */
  constructor(options: Options) {
    this.options = check(options)
    const { seed } = this.options
    this.projectId = requireText("projectId", options.projectId ?? uuid(hashText(seed, "project"), 1, 2, 3))
    this.workFlowId = uuid(hashText(seed, "workflow"), 1, 2, 3)
    this.batches = (options.batches ?? [{ jobs: 10 }]).map((batch, ordinal) => {
      const kinds = batch.kinds ?? ["image_annotation"]
      const unknown = kinds.find((kind) => !allKinds.includes(kind))
      if (unknown !== undefined) {
        throw new RangeError(`no kind ${JSON.stringify(unknown)}, there are ${allKinds.join(", ")}`)
      }
      if (kinds.length === 0) throw new RangeError(`kinds of batch ${ordinal} must name one at least`)
      return {
        ordinal,
        id: batch.id ?? uuid(hashText(seed, "batch"), hashText(ordinal, "batch"), 2, ordinal),
        name: batch.name ?? `Batch ${ordinal + 1}`,
        kinds,
        ids: batch.ids ?? "uuid",
        isUnfinished: unfinishedBy(batch.unfinished ?? 0),
        total: requireWhole(`jobs of batch ${ordinal}`, batch.jobs, 0, 0xfffffffe),
        allFinished: false,
        finished: new Set<number>(),
        totals: undefined
      }
    })
    this.#byId = new Map(this.batches.map((batch) => [batch.id, batch]))
    if (this.#byId.size !== this.batches.length || this.#byId.has("")) {
      throw new RangeError("ids of batches must be different and not empty")
    }
    this.#firstHostile = this.batches.findIndex((batch) => batch.ids === "hostile" || batch.ids === "mixed")
  }

  /** Sets the address of its storage, which is unknown before it is open; documents may name inputs there. */
  servedAt(storageUrl: string): void {
    if (this.options.inputsAt === "storage") this.#inputsAt = Urls.ownBucket(storageUrl)
  }

  /** A URL as `host/path`: without its scheme, and without the storage's origin if it has that. */
  withoutOrigin(url: string): string {
    return Urls.withoutScheme(
      url.startsWith(`${this.#inputsAt}/`) ? Urls.bucket + url.slice(this.#inputsAt.length) : url
    )
  }

  /** Finds a batch by its id. */
  batch(batchId: string): BatchState | undefined {
    return this.#byId.get(batchId)
  }

  /** Finds a batch by its id. Throws a RangeError if there is none. */
  requireBatch(batchId: string): BatchState {
    const batch = this.#byId.get(batchId)
    if (batch === undefined) throw new RangeError(`no batch ${JSON.stringify(batchId)}`)
    return batch
  }

  /** The id of the job at a place. */
  jobId(batch: BatchState, index: number): string {
    const first = batch.ordinal === this.#firstHostile
    return Ids.make(this.options.seed, batch.ids, { batch: batch.ordinal, index }, first)
  }

  /** Finds a job's place from its id alone; undefined when no batch holds it. */
  locate(jobId: string): { readonly batch: BatchState; readonly index: number } | undefined {
    for (const place of Ids.candidates(this.options.seed, jobId, this.#firstHostile)) {
      const batch = this.batches[place.batch]
      if (batch !== undefined && place.index < batch.total && this.jobId(batch, place.index) === jobId) {
        return { batch, index: place.index }
      }
    }
    return undefined
  }

  /** Finds a job by id or position, throws a RangeError when the batch has none such. */
  requireIndex(batch: BatchState, job: JobRef): number {
    const index = typeof job === "number" ? job : this.locate(job)?.index ?? -1
    if (!(index >= 0 && index < batch.total)) throw new RangeError(`no job ${JSON.stringify(job)} in batch ${batch.id}`)
    return index
  }

  isFinished(batch: BatchState, index: number): boolean {
    return batch.allFinished || !batch.isUnfinished(index) || batch.finished.has(index)
  }

  /** What the content of a job is made from. */
  request(batch: BatchState, index: number): Content.Request {
    const { documentBytes, seed, sizes, wrapped } = this.options
    const place = { batch: batch.ordinal, index }
    return {
      seed,
      place,
      kind: batch.kinds[index % batch.kinds.length] as Kind,
      revision: this.#revisions.size === 0 ? 0 : this.#revisions.get(`${batch.ordinal}/${index}`) ?? 0,
      wrapped,
      documentBytes,
      inputsAt: this.#inputsAt,
      sizes
    }
  }

  /** The job at a place. Counts of a job that is not finished are 0 annotations, and its frames (guessed). */
  job(batch: BatchState, index: number): Job {
    const request = this.request(batch, index)
    const counts = Content.counts(request)
    const finished = this.isFinished(batch, index)
    return {
      id: this.jobId(batch, index),
      referenceId: `${batch.ordinal + 1}-${String(index + 1).padStart(6, "0")}`,
      index,
      kind: request.kind,
      finished,
      frames: counts.frames,
      annotations: finished ? counts.annotations : 0
    }
  }

  /** The unsigned URL of a job's result document; it stays the same when the job is reworked. */
  resultUrl(batch: BatchState, index: number): string {
    return Urls.make(this.options.seed, { batch: batch.ordinal, index }).document
  }

  /** Returns what a URL without its scheme (`host/path`) names, or undefined. */
  target(path: string): Target | undefined {
    const target = Urls.read(this.options.seed, path)
    const state = target === undefined ? undefined : this.batches[target.batch]
    return target === undefined || state === undefined || target.index >= state.total ? undefined : { ...target, state }
  }

  /** The bytes behind a target, or undefined if the job has no such file, or no result yet. */
  content(target: Target): Content.Content | undefined {
    const request = this.request(target.state, target.index)
    if (target.part._tag !== "input" && !this.isFinished(target.state, target.index)) return undefined
    return target.part._tag === "document" ? Content.document(request) : Files.file(request, target.part)
  }

  /** Totals of a batch, counted once and again after a change. */
  totals(batch: BatchState): Totals {
    if (batch.totals !== undefined) return batch.totals
    const counted = Math.min(batch.total, countedJobs)
    let [completedJobs, frames, completedFrames, annotations] = [0, 0, 0, 0]
    for (let index = 0; index < counted; index++) {
      const counts = Content.counts(this.request(batch, index))
      frames += counts.frames
      if (!this.isFinished(batch, index)) continue
      completedJobs++
      completedFrames += counts.frames
      annotations += counts.annotations
    }
    const scale = (n: number): number => counted === 0 ? 0 : Math.round(n * (batch.total / counted))
    batch.totals = {
      jobs: batch.total,
      completedJobs: scale(completedJobs),
      frames: scale(frames),
      completedFrames: scale(completedFrames),
      annotations: scale(annotations)
    }
    return batch.totals
  }

  /** Gives a job another result. */
  rework(batch: BatchState, index: number): void {
    const key = `${batch.ordinal}/${index}`
    this.#revisions.set(key, (this.#revisions.get(key) ?? 0) + 1)
    batch.totals = undefined
  }

  /** Finishes a job, or all jobs of a batch. */
  finish(batch: BatchState, index?: number): void {
    if (index === undefined) batch.allFinished = true
    else batch.finished.add(index)
    batch.totals = undefined
  }

  /** Adds jobs at the end of a batch. */
  add(batch: BatchState, jobs: number): void {
    batch.total = requireWhole(`jobs of batch ${batch.id}`, batch.total + jobs, batch.total, 0xfffffffe)
    batch.totals = undefined
  }
}

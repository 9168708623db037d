/** What a page says, as plain values: gathered once, drawn from alone. */
import type { AnnotationModel, Job, JobSink, Ledger } from "@labelstream/core"

/** Most jobs that a page draws. */
export const mostDrawn = 60

/** What to gather, and from where. */
export interface Options {
  /** The sinks of the jobs. The first one with `replay` is read; without one, the ledger is the only source. */
  readonly sinks?: ReadonlyArray<JobSink.JobSink>
  /** Only these batches; default all. */
  readonly batches?: ReadonlyArray<Job.BatchRef>
  /**
   * How many jobs are kept for drawing, 0 to 60. Default: 12; each adds 10 to 300 KB to a page. Stored images and masks add
   * 14 MB at most to the page, however many jobs there are.
   */
  readonly gallery?: number
}

/** The first of a list that may be much longer. */
export interface Top<A> {
  readonly top: ReadonlyArray<A>
  /** How many are not among them. */
  readonly more: number
}

/** Names a job for people. */
export interface JobName {
  readonly batchId: string
  readonly jobId: string
  readonly referenceId: string | null
}

/** How far the jobs of one batch have come. */
export interface BatchLine extends Job.BatchRef {
  readonly stages: Ledger.StageCounts
  /** Of the stored jobs. */
  readonly bytes: number
}

/** Jobs that failed for one reason, with the same prospects. */
export interface FailureLine {
  readonly reason: string
  readonly jobs: number
  /** Whether a later run retries them. */
  readonly retryable: boolean
  /** Whether another run will hardly help them. */
  readonly permanent: boolean
  /** That of the first job. */
  readonly message: string
  readonly examples: ReadonlyArray<JobName>
}

/** What one sink holds, as the ledger has it. */
export interface SinkLine {
  /** Kind of sink, as `JobSink.name`. */
  readonly name: string
  readonly jobs: number
  readonly bytes: number
}

/** The runs, the latest first, without those that found nothing to do. */
export interface Runs extends Top<Ledger.Run> {
  readonly count: number
  /** Runs that ended by themselves, exported nothing, and had no failure. */
  readonly quiet: number
}

/** How often something occurs. */
export interface CountLine {
  readonly name: string
  /** Annotations, or what else is counted. */
  readonly count: number
  /** Jobs that it occurs in. */
  readonly jobs: number
}

/** How often a label occurs, and on what. */
export interface LabelLine extends CountLine {
  readonly types: ReadonlyArray<AnnotationModel.AnnotationType>
}

/** Annotations that gave no row, for one reason. */
export interface ProblemLine extends CountLine {
  readonly example: JobName
  /** JSON pointer into the example's result document. */
  readonly path: string
}

/** Labels by how often they occur. */
export interface Labels extends Top<LabelLine> {
  /** The number of different ones, or a lower bound if `capped`. */
  readonly distinct: number
  /** Whether there were more than are counted one by one. */
  readonly capped: boolean
}

/** How many annotations jobs have. */
export interface PerJob {
  readonly median: number
  readonly mean: number
  readonly max: number
  readonly maxJob: JobName | null
  /** Jobs with `from` to `to` annotations, without gaps; `to` is inclusive. */
  readonly bins: ReadonlyArray<{ readonly from: number; readonly to: number; readonly jobs: number }>
}

/** What the results hold. */
export interface Results {
  /** `JobSink.name` of the sink that was read. */
  readonly sink: string
  readonly jobs: number
  readonly annotations: number
  readonly frames: number
  readonly bytes: number
  /** Masks and other files of the results. */
  readonly files: number
  readonly types: ReadonlyArray<CountLine>
  readonly resultTypes: ReadonlyArray<CountLine>
  readonly labels: Labels
  readonly perJob: PerJob
  readonly problems: Top<ProblemLine> & { readonly count: number }
  /** Jobs whose results are of a shape that is not known. */
  readonly unknown: Top<JobName>
  /** Jobs whose bytes could not be read back. */
  readonly unreadable: Top<JobName>
  /** Why the sink could not be read to its end, null if it was. */
  readonly brokenOff: string | null
  /** Jobs to draw. */
  readonly gallery: ReadonlyArray<Sketch>
}

/** Everything that the page says. */
export interface Summary {
  readonly stages: Ledger.StageCounts
  readonly batches: Top<BatchLine>
  /** Of the stored jobs. */
  readonly bytes: number
  readonly failures: Top<FailureLine>
  readonly unfinished: Top<JobName & { readonly status: string }>
  readonly sinks: ReadonlyArray<SinkLine>
  readonly runs: Runs
  /** Null if no sink can return its jobs. */
  readonly results: Results | null
}

/** A file of a job; `bytes` is null if it is too large to be shown, or could not be read. */
export interface SketchFile {
  readonly role: AnnotationModel.AttachmentRole
  readonly frameId: string | null
  readonly sensorId: string | null
  readonly size: number
  readonly bytes: Uint8Array | null
}

/** An image that annotations are drawn on, or that a mask is of. */
export interface SketchInput {
  readonly mediaIndex: number
  readonly frameId: string | null
  readonly sensorId: string | null
  /** As displayed; null if it is not known. */
  readonly size: JobSink.Size | null
  /** Whether the image itself is stored. */
  readonly isStored: boolean
  /** Null if it is not stored, too large to be shown, or unreadable. */
  readonly bytes: Uint8Array | null
}

/** A job to draw. */
export interface Sketch extends JobName {
  readonly resultType: AnnotationModel.ResultType
  /** How many annotations the job has. */
  readonly annotations: number
  /** The first of them, in document order. */
  readonly rows: ReadonlyArray<AnnotationModel.AnnotationRow>
  readonly files: ReadonlyArray<SketchFile>
  /** How many files are not among them. */
  readonly moreFiles: number
  /** The images below what is drawn of the job. */
  readonly inputs: ReadonlyArray<SketchInput>
}

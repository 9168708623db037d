/** What the public functions can fail with and what they need, as types: the compiler checks them. */
import { describe, expectTypeOf, it } from "@effect/vitest"
import {
  type AnnotationModel,
  type Content,
  Convert,
  Export,
  type ExportReport,
  Follow,
  GtStudio,
  type GtStudioError,
  type Job,
  JobFetch,
  type JobSink,
  JobStream,
  Ledger,
  LedgerMemory,
  type OptionError,
  Plan,
  Selection,
  type Spool,
  SpoolMemory,
  type Transport,
  Verify
} from "@labelstream/core"
import { NodeSpool, NodeTransport, SqliteLedger } from "@labelstream/node"
import { HtmlReport } from "@labelstream/report"
import { SimulatedGtStudio, Simulator } from "@labelstream/simulator"
import { FilesSink } from "@labelstream/sink-files"
import { ParquetSink } from "@labelstream/sink-parquet"
import { SqliteSink } from "@labelstream/sink-sqlite"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

type Platform = GtStudio.GtStudio
type Refused = OptionError.OptionError

const batch: Job.BatchRef = { projectId: "p", batchId: "b" }

describe("layers", () => {
  it("declare the errors that can occur, and require nothing undeclared", () => {
    expectTypeOf(GtStudio.layerConfig).returns.toEqualTypeOf<
      Layer.Layer<Platform, Refused, Transport.Transport | Spool.Spool>
    >()
    expectTypeOf(GtStudio.layer).returns.toEqualTypeOf<
      Layer.Layer<Platform, Refused, Transport.Transport | Spool.Spool>
    >()
    expectTypeOf(NodeTransport.layer).returns.toEqualTypeOf<Layer.Layer<Transport.Transport, Refused>>()
    expectTypeOf(NodeSpool.layer).returns.toEqualTypeOf<Layer.Layer<Spool.Spool, Content.ContentError | Refused>>()
    expectTypeOf(SpoolMemory.layer).returns.toEqualTypeOf<Layer.Layer<Spool.Spool, Refused>>()
    expectTypeOf(SqliteLedger.layer).returns.toEqualTypeOf<Layer.Layer<Ledger.Ledger, Ledger.LedgerError | Refused>>()
    expectTypeOf(LedgerMemory.layer).toEqualTypeOf<Layer.Layer<Ledger.Ledger>>()
    expectTypeOf(SimulatedGtStudio.layer).returns.toEqualTypeOf<
      Layer.Layer<Platform | Simulator.Simulator, Refused | Simulator.SimulatorError>
    >()
  })
})

describe("an export", () => {
  it("needs the client and a ledger, and fails with one of 5 errors", () => {
    expectTypeOf<Export.ExportError>().toEqualTypeOf<
      GtStudioError.GtStudioError | JobSink.SinkError | Ledger.LedgerError | Content.ContentError | Refused
    >()
    expectTypeOf(Export.run).returns.toEqualTypeOf<
      Effect.Effect<ExportReport.ExportReport, Export.ExportError, Platform | Ledger.Ledger>
    >()
    expectTypeOf(Export.stream).returns.toEqualTypeOf<
      Stream.Stream<Export.JobEvent, Export.ExportError, Platform | Ledger.Ledger>
    >()
    expectTypeOf(Export.start).returns.toEqualTypeOf<
      Effect.Effect<Export.RunningExport, Export.ExportError, Platform | Ledger.Ledger | Scope.Scope>
    >()
    expectTypeOf(Plan.make).returns.toEqualTypeOf<
      Effect.Effect<
        Plan.Plan,
        GtStudioError.GtStudioError | Ledger.LedgerError | Content.ContentError | Refused,
        Platform | Ledger.Ledger
      >
    >()
  })

  it("requires no client if nothing is fetched", () => {
    expectTypeOf(Verify.sink).returns.toEqualTypeOf<
      Stream.Stream<Verify.Verified, JobSink.SinkError | Ledger.LedgerError | Refused, Ledger.Ledger>
    >()
    expectTypeOf(Convert.make).returns.toEqualTypeOf<
      Effect.Effect<Convert.Conversion, JobSink.SinkError | Ledger.LedgerError | Refused, Ledger.Ledger>
    >()
    expectTypeOf(HtmlReport.make).returns.toEqualTypeOf<
      Effect.Effect<string, Ledger.LedgerError | Refused, Ledger.Ledger>
    >()
  })

  it("takes selections, batches, and sinks as they are made", () => {
    expectTypeOf(Selection.newJobs).toExtend<Export.Selection>()
    expectTypeOf(Selection.retry).toExtend<Export.Selection>()
    expectTypeOf(Selection.refresh).returns.toExtend<Export.Selection>()
    expectTypeOf(GtStudio.batches).returns.toExtend<
      Effect.Effect<Export.Options["batches"], GtStudioError.GtStudioError, Platform>
    >()
    expectTypeOf(FilesSink.make).returns.toEqualTypeOf<JobSink.JobSink>()
    expectTypeOf(SqliteSink.make).returns.toEqualTypeOf<JobSink.JobSink>()
    expectTypeOf(ParquetSink.make).returns.toEqualTypeOf<JobSink.JobSink>()
  })
})

describe("streams", () => {
  it("of jobs keep a job's failure out of their own", () => {
    const jobs = () => JobStream.jobs(batch, () => Effect.fail("unwanted" as const))
    expectTypeOf(jobs).returns.toEqualTypeOf<
      Stream.Stream<
        Result.Result<never, JobStream.FailedJob<"unwanted" | JobFetch.FetchError>>,
        GtStudioError.GtStudioError | Refused,
        Platform
      >
    >()
  })

  it("of jobs require what their step requires, except the scope that they provide", () => {
    const scoped = () => JobStream.jobs(batch, () => Effect.andThen(Effect.scope, Ledger.Ledger.use(() => Effect.void)))
    type Needs = ReturnType<typeof scoped> extends Stream.Stream<infer _A, infer _E, infer R> ? R : never
    expectTypeOf<Needs>().toEqualTypeOf<Platform | Ledger.Ledger>()
  })

  it("of rows fail with the first bad job, or with what takes it", () => {
    expectTypeOf(() => JobStream.rows(batch)).returns.toEqualTypeOf<
      Stream.Stream<AnnotationModel.AnnotationRow, JobFetch.FetchError, Platform>
    >()
    expectTypeOf(Follow.finishedJobs).returns.toEqualTypeOf<
      Stream.Stream<Job.JobSummary, GtStudioError.GtStudioError | Refused, Platform>
    >()
    expectTypeOf(JobFetch.fetch).returns.toEqualTypeOf<
      Effect.Effect<Option.Option<JobSink.JobRecord>, JobFetch.FetchError, Platform | Scope.Scope>
    >()
  })
})

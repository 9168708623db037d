import { describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type Scenario, Simulator } from "../src/index.ts"
import {
  type Answer,
  api,
  attachment,
  download,
  firstBatch,
  job,
  jobTarget,
  page,
  pageTarget
} from "./support/client.ts"
import { shapeOf } from "./support/shape.ts"

const read = (name: string): string => readFileSync(join(import.meta.dirname, "fixtures", "samples", name), "utf8")
const sample = (name: string): unknown => JSON.parse(read(`${name}.json`))
const body = (answer: Answer): unknown => JSON.parse(answer.body.toString())

describe("Shapes", () => {
  const documents: ReadonlyArray<readonly [Scenario.Kind, string]> = [
    ["image_annotation", "image_annotation_mixed"],
    ["image_classification", "image_classification"],
    ["image_segmentation", "image_segmentation"],
    ["video_annotation", "video_annotation"],
    ["video_segmentation", "video_segmentation"],
    ["point_cloud_annotation", "point_cloud_annotation_3d"],
    ["point_cloud_linking", "point_cloud_2d_3d_linking"],
    ["point_cloud_segmentation", "point_cloud_segmentation"],
    ["point_cloud_segmentation_legacy", "point_cloud_segmentation_legacy"],
    ["custom", "custom_submission_coco"]
  ]

  it.live.each(documents)(
    "gives %s documents the keys and types of the sample",
    ([kind, name]) =>
      Effect.gen(function*() {
        const simulator = yield* Simulator.start({ batches: [{ jobs: 40, kinds: [kind] }] })
        const batch = firstBatch(simulator)
        const made = Array.from(
          simulator.jobs(batch),
          ({ index }) => JSON.parse(Buffer.from(simulator.expectedDocument(batch, index)).toString()) as unknown
        )
        // custom results have any shape, and the documented example is one of them
        const alike = kind === "custom"
          ? made.filter((one) => Object.hasOwn(Object(one), "annotations"))
          : made
        // trackers may be landmarks (documented), the sample has none
        const beyond = kind === "video_annotation"
          ? [".data.annotation_data.annotations[].frames.*.points.*.label number"]
          : []
        // the sensors are documented where they are sent, and thought to come back
        const sent = ["point_cloud_annotation", "point_cloud_linking"].includes(kind)
          ? [{ data: { sensor_data: { sensor_meta: sample("sensor_meta") } } }]
          : []
        deepStrictEqual(shapeOf(...alike), [...shapeOf(sample(name), ...sent), ...beyond].toSorted())
      })
  )

  it.live("gives a job without annotations the documented empty lists", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 40 }] })
      const batch = firstBatch(simulator)
      const empty = [...simulator.jobs(batch)].find(({ annotations }) => annotations === 0)?.index ?? -1
      const document: unknown = JSON.parse(Buffer.from(simulator.expectedDocument(batch, empty)).toString())
      deepStrictEqual(shapeOf(document), shapeOf(sample("image_annotation_empty")))
    }))

  it.live("gives responses of the API the keys and types of the samples", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 101, unfinished: [1] }, { jobs: 1 }] })
      const batch = firstBatch(simulator)
      const [{ id }, pending] = [simulator.job(batch, 0), simulator.job(batch, 1)]
      const token = JSON.parse((yield* page(simulator, batch)).body.toString()).data.next_page_token as string
      const project = `/projects/${simulator.projectId}`
      const answers: ReadonlyArray<readonly [Answer, string]> = [
        [yield* page(simulator, batch), "api_batch_jobs_v1_page1"],
        [yield* page(simulator, batch, token), "api_batch_jobs_v1_last_page"],
        [yield* api(simulator, pageTarget(simulator, batch, "", "v0")), "api_batch_jobs_v0_page1"],
        [yield* job(simulator, id), "api_job_result_v1_completed"],
        [yield* api(simulator, jobTarget(simulator, id, "v0")), "api_job_result_v0_completed"],
        [yield* job(simulator, pending.id), "api_job_result_pending"],
        [yield* api(simulator, `/v1${project}/details`), "api_project_details_v1"],
        [yield* api(simulator, `/v0${project}/stats`), "api_project_stats_v0"],
        [yield* page(simulator, batch, "12"), "api_error_bad_page_token"],
        [yield* job(simulator, "none"), "api_error_400"]
      ]
      for (const [answer, name] of answers) {
        deepStrictEqual([name, ...shapeOf(body(answer))], [name, ...shapeOf(sample(name))])
      }
    }))

  it.live("writes point clouds with the header of the sample", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1, kinds: ["point_cloud_segmentation_legacy"] }] })
      const [expected] = simulator.expectedAttachments(firstBatch(simulator), 0)
      const made = (yield* download(simulator, expected?.url ?? "")).body.toString().split("\n")
      const header = (lines: ReadonlyArray<string>) =>
        lines.slice(0, 11).map((line) => line.replace(/(?<=^(?:WIDTH|POINTS) )\d+/, "n"))
      deepStrictEqual(header(made), header(read("legacy_data.pcd").split("\n")))
    }))

  it.live("responds at attachments with a redirect whose body is not needed", () =>
    Effect.gen(function*() {
      const simulator = yield* Simulator.start({ batches: [{ jobs: 1 }] })
      const { headers, status } = yield* attachment(simulator, simulator.resultUrl(firstBatch(simulator), 0))
      deepStrictEqual([status, headers.location?.startsWith(`${simulator.storageUrl}/`)], [302, true])
    }))
})

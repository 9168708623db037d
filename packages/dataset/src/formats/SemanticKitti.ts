/**
 * SemanticKITTI: for each job `<split>/sequences/<job>/labels/NAME.label`, 4 bytes for each point, class from 1 in the
 * lower 16 bits, instance in the upper ones; `velodyne/NAME.bin` with x, y, z, and 0 as floats of 4 bytes; and
 * `semantic-kitti.yaml` with the names of the classes.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Classes } from "../Classes.ts"
import type { DatasetError } from "../DatasetError.ts"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as Loss from "../Loss.ts"
import type { PointLabels, Sample } from "../Sample.ts"
import { carried } from "./shared/carried.ts"
import { depthOf } from "./shared/classMask.ts"
import { forEachVideo } from "./shared/runs.ts"
import { quoted } from "./shared/yaml.ts"

const isNumber = (instance: string): boolean => /^\d{1,5}$/.test(instance) && Number(instance) < 65_536

/** The bytes of labels in the order of the points. */
const labelBytes = ({ entries, values }: PointLabels, classes: Classes): Stream.Stream<Uint8Array, DatasetError> => {
  const codes = [
    0,
    ...entries.map((entry) => {
      if (entry === null) return 0
      const instance = entry.instance !== null && isNumber(entry.instance) ? Number(entry.instance) : 0
      return classes.indexOf(entry.label) + 1 + instance * 65_536
    })
  ]
  return Stream.map(values, (some) => {
    const bytes = Buffer.alloc(some.length * 4)
    some.forEach((value, index) => bytes.writeUInt32LE(codes[value]!, index * 4))
    return bytes
  })
}

/** Returns the bytes of points. Their reflectance is unknown: 0. */
const pointBytes = (positions: Stream.Stream<Float32Array, DatasetError>): Stream.Stream<Uint8Array, DatasetError> =>
  Stream.map(positions, (some) => {
    const bytes = Buffer.alloc(some.length / 3 * 16)
    for (let at = 0; at < some.length; at++) {
      bytes.writeFloatLE(some[at]!, Math.floor(at / 3) * 16 + at % 3 * 4)
    }
    return bytes
  })

/** The format. */
export const format = DatasetFormat.make({
  name: "semantickitti",
  fields: {},
  kind: "point_cloud",
  needs: { sizes: false, masks: true },
  holds: { attributes: false, tracks: false },
  carries: (shape) =>
    carried(shape, {
      segment: ({ instance }) =>
        instance === null || isNumber(instance)
          ? Loss.kept
          : Loss.approximated("its instance is no number below 65,536, and 0 there")
    }),
  write: Effect.fnUntraced(function*(samples, classes, out) {
    yield* depthOf(classes, 0)
    const writeSample = Effect.fnUntraced(function*(sample: Sample, folder: string) {
      const { file, name, points } = sample
      const label = points === null ? new Uint8Array(0) : labelBytes(points, classes)
      yield* out.file(`${folder}/labels/${name}.label`, label)
      const positions = points?.positions ?? null
      yield* positions === null
        ? out.media(sample, `${folder}/velodyne/${file}`)
        : out.file(`${folder}/velodyne/${name}.bin`, pointBytes(positions))
    })
    for (const split of samples.splits) {
      yield* forEachVideo(
        samples.of(split),
        ({ name }, scans) => Stream.runForEach(scans, (sample) => writeSample(sample, `${split}/sequences/${name}`))
      )
    }
    const names = ["unlabeled", ...classes.names].map((name, index) => `  ${index}: ${quoted(name)}\n`)
    yield* out.file("semantic-kitti.yaml", `labels:\n${names.join("")}`, { entry: true })
  })
})

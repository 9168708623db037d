/** Finds the inputs that a document names, in its order: an image, frames of a video, or sensors of frames. */

/** An input as a document names it. */
export interface NamedInput {
  readonly url: string
  readonly kind: "image" | "point_cloud"
  /** Undefined for the only image of a job. */
  readonly frameId: string | undefined
  /** Position of the frame in the document's list, from 0. */
  readonly frameIndex: number | undefined
  readonly sensorId: string | undefined
}

interface Document {
  readonly image_url?: string
  readonly images?: ReadonlyArray<{ readonly coco_url: string }>
  readonly video_data?: { readonly frames: ReadonlyArray<{ readonly frame_id: string; readonly src: string }> }
  readonly sensor_data?: {
    readonly frames: ReadonlyArray<{
      readonly frame_id: string
      readonly sensors: ReadonlyArray<{ readonly sensor_id: string; readonly data_url: string }>
    }>
  }
}

/** Lists the inputs of a document outside of `data`. */
export const namedInputs = (document: unknown): ReadonlyArray<NamedInput> => {
  const { image_url: image, images = [], sensor_data: sensors, video_data: video } = Object(document) as Document
  const only = [...(image === undefined ? [] : [image]), ...images.map((one) => one.coco_url)]
  return [
    ...only.map((url): NamedInput => ({
      url,
      kind: "image",
      frameId: undefined,
      frameIndex: undefined,
      sensorId: undefined
    })),
    ...(video?.frames ?? []).map((frame, frameIndex): NamedInput => ({
      url: frame.src,
      kind: "image",
      frameId: frame.frame_id,
      frameIndex,
      sensorId: undefined
    })),
    ...(sensors?.frames ?? []).flatMap((frame, frameIndex) =>
      frame.sensors.map((sensor): NamedInput => ({
        url: sensor.data_url,
        kind: sensor.data_url.endsWith(".pcd") ? "point_cloud" : "image",
        frameId: frame.frame_id,
        frameIndex,
        sensorId: sensor.sensor_id
      }))
    )
  ]
}

/** Result documents of every kind, as the platform writes them, and such as it was never seen to write. */
import type { Sketch } from "./jobs.ts"

const corners = (x: number, y: number) => [
  { x, y },
  { x: x + 0.1, y },
  { x: x + 0.1, y: y + 0.1 },
  { x, y: y + 0.1 }
]

/** A document with one rectangle for each label and attributes. */
export const rectangles = (
  of: ReadonlyArray<{ readonly label?: unknown; readonly attributes?: unknown; readonly more?: object }>
) => ({
  data: {
    annotations: {
      rectangles: of.map(({ attributes = {}, label = "car", more }, index) => ({
        _id: `r-${index}`,
        label,
        attributes,
        coordinates: corners(0.1, 0.2),
        ...more
      }))
    }
  }
})

const points = { p1: { x: 0.1, y: 0.2 }, p10: { x: 0.2, y: 0.3 }, p2: { x: 0.15, y: 0.25 } }

/** One job of each kind. */
export const everyKind: ReadonlyArray<Sketch> = [
  {
    job: "image-annotation",
    document: {
      data: {
        annotations: {
          rectangles: [{
            _id: "r",
            label: "Chair",
            attributes: { Occlusion: { value: "0%" } },
            coordinates: corners(0, 0)
          }],
          polygons: [{ _id: "p", label: "mask", attributes: [], points, edges: { e1: ["p1", "p2"] } }],
          lines: [{ _id: "l", label: "lane", attributes: {}, points }],
          landmarks: [{ _id: "m", label: "eye", attributes: {}, point: { x: 0.5, y: 0.5 } }],
          cuboids: [{ _id: "c", label: "box", attributes: {}, coordinates: [...corners(0, 0), ...corners(0.2, 0.2)] }]
        },
        image_url: "https://inputs.example/image.jpg"
      }
    }
  },
  {
    job: "image-segmentation",
    document: { legend: { "#03f561": "car # 4", "#c4e538": "road" }, url: "https://files.example/mask.png" },
    files: [new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 255, 13, 10])]
  },
  {
    job: "video-annotation",
    document: {
      data: {
        annotation_data: {
          annotations: [{
            _id: "track",
            type: "rectangle",
            label: "Cat",
            frames: {
              frame001: {
                _id: "f1",
                label: "Cat",
                attributes: { pose: { value: "up" } },
                coordinates: corners(0.3, 0.3),
                type: "rectangle"
              },
              frame002: { _id: "f2", label: "Cat", attributes: {}, coordinates: corners(0.4, 0.3), type: "rectangle" }
            }
          }]
        }
      }
    }
  },
  {
    job: "video-segmentation",
    document: {
      data: {
        annotation_data: {
          annotations: [{ _id: "s", attributes: [], frame_id: "frame1", track_id: "t", label: "car # 1" }],
          masks: [
            { frame_id: "frame1", url: "https://files.example/masks/frame1.png" },
            { frame_id: "frame2", url: "https://files.example/masks/frame2.png" }
          ],
          legend: { "#03f561": "car # 1" }
        }
      }
    },
    files: ["mask of frame 1", "mask of frame 2"]
  },
  {
    job: "point-cloud-annotation",
    document: {
      data: {
        annotation_data: {
          annotations: [{
            _id: "b",
            label: "car",
            color: "rgb(151,22,15)",
            attributes: {},
            frame_id: "frame001",
            track_id: "t",
            type: "3d_bounding_box",
            center: { x: 13.4, y: -3.1, z: 0.8 },
            dimensions: { x: 4.4, y: 1.8, z: 1.5 },
            rotation: { x: 0, y: 0, z: 1.5708 }
          }]
        },
        sensor_data: {
          frames: [{
            frame_id: "frame001",
            sensors: [{ sensor_id: "lidar", data_url: "https://inputs.example/1.pcd" }]
          }]
        }
      }
    }
  },
  {
    job: "point-cloud-segmentation",
    document: {
      annotation_data: {
        annotations: [{
          _id: "v",
          attributes: {},
          color: "rgb(71, 153, 193)",
          frame_id: "0",
          label: "Vehicle",
          label_key: 1
        }],
        masks: [{ frame_id: "0", label_url: "https://files.example/labels-0.bin" }]
      }
    },
    files: [new Uint8Array(1024).fill(1)]
  },
  { job: "no-annotations", document: { data: { annotations: { rectangles: [] } } } },
  { job: "empty-file", document: { legend: {}, url: "https://files.example/empty.png" }, files: [""] }
]

/** Documents that no decoder knows, down to bytes that are not text. */
export const unknownShapes: ReadonlyArray<Sketch> = [
  { job: "coco", document: { images: [{ id: 1 }], categories: [], annotations: [{ bbox: [1, 2, 3, 4] }] } },
  { job: "array", document: [1, [2, null], {}] },
  { job: "number", document: "1e400" },
  { job: "null", document: "null" },
  { job: "spaced", document: "  {\r\n\t\"b\" : 1 , \"a\":1.0, \"a\":2}\n\n" },
  { job: "not-json", document: "<html>Not \u{1f600} JSON</html>" },
  { job: "with-mark", document: "\ufeff{\"data\":{}}" },
  { job: "bytes", document: new Uint8Array([0, 255, 254, 13, 10, 10, 128, 0]) },
  { job: "nothing", document: "" }
]

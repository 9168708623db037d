/** Documents with inputs in all the forms that are read, next to those of the fixtures. */

const corner = { x: 0, y: 0 }
const coordinates = [corner, { x: 1, y: 1 }]
const pose = { position: { x: 0.1, y: -2, z: "#0.1234567890123456789#" }, heading: { w: 1, x: 0, y: 0, z: 0 } }
const box = { center: { x: 1, y: -2, z: 0.5 }, dimensions: { x: 4, y: 2, z: 1.5 }, rotation: { x: 0, y: 0, z: 1.5 } }

/** The name of a sensor that half of a surrogate pair ends. */
export const torn = "cam \ud83d"

/** Frames of three sensors, with poses, times, and intrinsics; numbers that no double holds as `encodeExact` has them. */
export const fusion = {
  data: {
    annotation_data: {
      annotations: [
        { _id: "on the cloud", type: "3d_bounding_box", frame_id: "f1", keyFrame: true, ...box },
        {
          _id: "on a camera",
          type: "2d_bounding_box",
          frame_id: "f1",
          sensor_id: "cam",
          key_frame: false,
          coordinates
        },
        { _id: "on one of two", type: "2d_bounding_box", frame_id: "f1", coordinates },
        { _id: "of no such sensor", frame_id: "f1", sensor_id: "radar", coordinates },
        { _id: "in a frame of one", frame_id: "f2", coordinates },
        { _id: "in a frame of none", frame_id: "f3", coordinates },
        { _id: "in no such frame", frame_id: "f9", coordinates },
        { _id: "in no frame", coordinates }
      ]
    },
    sensor_data: {
      frames: [
        {
          frame_id: "f1",
          ego_pose: pose,
          timestamp: "#12345678901234567890#",
          sensors: [
            { sensor_id: "lidar", data_url: "https://files.example/1?signature=x", sensor_pose: pose },
            { sensor_id: "cam", data_url: "https://files.example/1.png", timestamp: 17.25 },
            { sensor_id: torn, data_url: "https://files.example/2.png", intrinsics: { fx: 1 } },
            { sensor_id: "none", data_url: " " }
          ]
        },
        { frame_id: "f2", ego_pose: {}, timestamp: "noon", sensors: [{ sensor_id: "cam", data_url: "b.png" }] },
        { frame_id: "f3" },
        null
      ],
      sensor_meta: [
        { id: "lidar", modality: "lidar" },
        { id: "cam", modality: "camera", intrinsics: { cx: "#9007199254740993#", k1: 0 } },
        { id: torn, intrinsics: { fx: 2 } },
        7
      ]
    }
  }
}

/** The older form: sensors without frames. */
export const frameless = {
  sensor_data: {
    ego_pose: pose,
    sensor_meta: [{ id: "cam", intrinsics: { fx: 2 } }],
    sensors: [{ sensor_id: "lidar", data_url: "a.pcd" }, { sensor_id: "cam", data_url: "a.png", sensor_pose: pose }]
  },
  annotation_data: { annotations: [{ frame_id: "0", ...box }, { sensor_id: "cam", coordinates }] }
}

/** A tracker that lists its frames, before the frames themselves. */
export const listed = {
  annotation_data: {
    annotations: [
      { _id: "t", type: "rectangle", frames: [null, { coordinates }, { frame_id: "f0", coordinates }, { coordinates }] }
    ]
  },
  video_data: { frames: [{ frame_id: "f0", src: "0.jpg" }, { src: "1.jpg" }, { frame_id: "f2", image_url: "2.jpg" }] }
}

/** Two lists of frames, the first of which says where they are. */
export const twice = {
  annotation_data: {
    frames: [{ frame_id: "b" }, { frame_id: "a" }],
    annotations: [{ frame_id: "a", coordinates, frames: null }, { frames: { b: { coordinates } } }]
  },
  video_data: { frames: [{ frame_id: "a", src: "a.jpg" }, { frame_id: "b", src: "b.jpg" }] }
}

/** Masks of frames that no list has. */
export const masked = {
  annotation_data: {
    annotations: [{ frame_id: "2", track_id: "t", label: "car" }, { frame_id: "1", track_id: "t", label: "car" }],
    masks: { 1: "https://files.example/1.png", 2: { url: "https://files.example/2.png" }, 3: " " },
    legend: { "#010203": "car" }
  }
}

/** The class of an image, as callbacks have it. */
export const category = { data: { category: "cat", image_url: "https://files.example/cat.jpg?token=1" } }

/** All of them. */
export const documents: ReadonlyArray<unknown> = [fusion, frameless, listed, twice, masked, category]

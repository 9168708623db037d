/** Turns rows of annotations into shapes, as text: most are written once and read many times. */
import type { AnnotationModel } from "@labelstream/core/sink"

const text = (value: string | null): string => value === null ? "null" : JSON.stringify(value)

/** Points as JSON: those of the row, or the corners of its extent if the platform's form is not documented. */
const pointsOf = ({ geometry, type, x_max, x_min, y_max, y_min }: AnnotationModel.AnnotationRow): string => {
  switch (type) {
    case "rectangle":
    case "polygon":
    case "line":
    case "landmark":
      // Between tokens there may be line ends, and nowhere else.
      return geometry.includes("\n") || geometry.includes("\r") ? geometry.replaceAll(/[\r\n]/g, " ") : geometry
    case "cuboid":
      return x_min === null ? "[]" : JSON.stringify([[x_min, y_min], [x_max, y_min], [x_max, y_max], [x_min, y_max]])
    default:
      return "[]"
  }
}

/** The JSON text of the shape of a row, in one line. */
export const shapeText = (row: AnnotationModel.AnnotationRow): string =>
  `{"type":"${row.type}","label":${JSON.stringify(row.label)},"points":${pointsOf(row)},"pointLabels":${
    row.point_labels?.replaceAll(/[\r\n]/g, " ") ?? "null"
  },"attributes":${row.attributes === "{}" ? "\"{}\"" : JSON.stringify(row.attributes)},"track":${
    text(row.track_id)
  },"instance":${text(row.instance)},"keyFrame":${String(row.key_frame)}}`

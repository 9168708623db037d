/**
 * Point cloud segmentation, older form (documented): `legend` lists classes and instances with the label key that the
 * labelled cloud at `url` gives each point. The newer form lists `annotations`: see `listedSegment`.
 */
import { text } from "../json.ts"
import { expectObject, type RowWriter } from "./rowWriter.ts"

/** Decodes one entry of a listed legend. */
export const keyedEntry = (element: unknown, path: string, out: RowWriter): void => {
  if (!expectObject(element, path, out)) return
  const name = text(element["text"]) ?? text(element["value"]) ?? text(element["label"]) ?? ""
  out.segment(text(element["id"]) ?? text(element["_id"]), name, element["color"], element["label_key"], path)
}

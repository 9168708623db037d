/**
 * Image annotation (documented): `annotations` holds a list for each of five shapes. A list of another name is decoded
 * by what its objects look like.
 */
import type { AnnotationType } from "../../../AnnotationModel.ts"
import { alone, expectObject, type RowWriter } from "./rowWriter.ts"
import { typeNamed, typeOfPoints, writeShape } from "./shapes.ts"

/** The five lists. Any of them shows that this is an image annotation. */
export const imageLists: ReadonlyArray<string> = ["rectangles", "polygons", "lines", "cuboids", "landmarks"]

/** The type of the elements of a list, undefined for lists that the platform does not document. */
export const imageListType = (name: string): AnnotationType | undefined =>
  imageLists.includes(name) ? typeNamed(name) : undefined

/** Decodes one element of a list. */
export const imageAnnotation =
  (type: AnnotationType | undefined) => (element: unknown, path: string, out: RowWriter): void => {
    if (!expectObject(element, path, out)) return
    writeShape(element, path, type ?? typeNamed(element["type"]) ?? typeOfPoints(element), alone, out)
  }

/** An opened result document: what its decoders make and its readers get. */
import type * as Stream from "effect/Stream"
import type { AnnotationRow, AttachmentRole, MediaKind, MediaRow, ResultType } from "../../AnnotationModel.ts"
import type { ContentError } from "../../Content.ts"

/**
 * A file that a result names, to be fetched through the platform's attachment endpoint. Inputs belong to the customer
 * and are fetched from their own addresses.
 */
export interface AttachmentRef {
  /** Position from 0 in document order. */
  readonly index: number
  readonly role: AttachmentRole
  /** The frame that the file belongs to, null for files of the whole job. */
  readonly frameId: string | null
  /** The camera or lidar that the file belongs to, null if the document names none. */
  readonly sensorId: string | null
  /** The text that the document holds, not checked to be a URL. */
  readonly url: string
  /** JSON pointer of that text. */
  readonly sourcePath: string
}

/** An input that annotations refer to, or a file of the result that stands for one. */
export interface InputRef {
  readonly kind: MediaKind
  readonly frameId: string | null
  readonly sensorId: string | null
  /** The text that the document holds, which may carry a signature; null for the files of a result. */
  readonly url: string | null
  /** Position among the files that the document names, null if it is not one of them. */
  readonly attachmentIndex: number | null
}

/**
 * A part of a document that gave no row although its surroundings were understood, such as a rectangle without corners;
 * an annotation whose input cannot be found in the document; or a row in which half of a surrogate pair became U+FFFD,
 * because UTF-8 has no form for it.
 */
export interface Problem {
  /** JSON pointer (RFC 6901) into the document. */
  readonly path: string
  /** What is wrong with it, for people. Names no values of the document. */
  readonly reason: string
}

/**
 * Some rows of a document and their problems, both in document order, problems of inputs first. Either may be empty,
 * not both.
 */
export interface Decoded {
  readonly rows: ReadonlyArray<AnnotationRow>
  readonly problems: ReadonlyArray<Problem>
}

/**
 * A document whose kind and files are known and whose rows can be read, as often as wanted, while its content is valid.
 */
export interface ResultDocument {
  readonly resultType: ResultType
  /**
   * Why the bytes are not a complete document, such as `JSON that is not complete`, as far as opening it reads; the
   * lists of a large document are read with its rows. Absent if nothing is wrong.
   */
  readonly doubt?: string
  /** Whether the result is under a top-level `data`, as the documentation shows most of them. */
  readonly wrapped: boolean
  /**
   * The files that the document names, in document order; one for each distinct (url, role, frame, sensor), at its first place.
   */
  readonly attachments: ReadonlyArray<AttachmentRef>
  /** The inputs that annotations refer to, as the document names them: the position of one is its `media_index`. */
  readonly inputs: ReadonlyArray<InputRef>
  /**
   * The rows of {@link inputs}, in document order and in arrays of about a thousand: `media_index` of a row of
   * annotations is the place of a row here. Sizes are null, since a document does not know them; `attachment_index` is the
   * place among `attachments`.
   */
  readonly media: (job: JobRef) => Stream.Stream<ReadonlyArray<MediaRow>>
  /**
   * Emits the document's annotations, in arrays of about a thousand rows. Deterministic, however the content is split
   * into chunks. Rows and problems together account for every annotation. The order is that of the document, except
   * that integer keys come first and ascending, as in `JSON.parse`. Numbers keep the digits of their text, except in
   * the extent, which has doubles.
   */
  readonly rows: (job: JobRef) => Stream.Stream<Decoded, ContentError>
}

/** The job whose rows are read. */
export interface JobRef {
  readonly batchId: string
  readonly jobId: string
}

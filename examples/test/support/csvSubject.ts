/** The CSV sink for processes of the conformance kit. */
import { csvSink } from "../../custom-sink.ts"

export const make = (directory: string) => csvSink({ directory })

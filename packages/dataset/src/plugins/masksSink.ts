/** Makes the format a sink that is found by name. */
import { SinkPlugin } from "@labelstream/core/sink"
import * as DatasetFormat from "../DatasetFormat.ts"
import * as DatasetSink from "../DatasetSink.ts"
import { format } from "../formats/Masks.ts"
import * as LossTable from "../LossTable.ts"

export default SinkPlugin.define({
  name: format.name,
  version: DatasetSink.version,
  options: DatasetFormat.optionsOf(format),
  keeps: LossTable.of(format),
  make: (options) => DatasetSink.make(format, options)
})

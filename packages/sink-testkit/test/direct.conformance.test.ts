import { SinkConformance } from "../src/index.ts"
import { directSubject } from "./support/directSink.ts"

SinkConformance.suite("direct", directSubject("sound"))

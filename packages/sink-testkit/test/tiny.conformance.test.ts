import { SinkConformance } from "../src/index.ts"
import { tinySubject } from "./support/tiny.ts"

SinkConformance.suite("tiny", tinySubject())

import { SinkConformance } from "../src/index.ts"
import { memorySubject } from "./support/memory.ts"

SinkConformance.suite("memory", memorySubject())

import { inject } from "vitest"
import { isFull } from "../../../scripts/testScale.ts"
import { SinkConformance } from "../src/index.ts"
import { tinySubject } from "./support/tiny.ts"

const { module, ...subject } = tinySubject("", inject("programs of sink-testkit"))

// Real sinks keep the rules that run other processes: those are tried on this one in the full matrix.
SinkConformance.suite("tiny", isFull && module !== undefined ? { ...subject, module } : subject)

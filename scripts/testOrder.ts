/** The order of test files. */
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Files that take long because they start processes. Without times of an earlier run, Vitest starts with the largest files. */
const longest = /conformance|cluster\.|machines|runners|SqlLedger|broken|killed|crash|resume|guide|docs/

/**
 * Starts with the files that take longest, so that no worker runs one alone at the end. After a first run, Vitest knows how
 * long files take and does so itself.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => longest.test(moduleId)
    return files.some((file) => this.ctx.cache.getTestSpecificationResult(file) === undefined)
      ? [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
      : sorted
  }
}

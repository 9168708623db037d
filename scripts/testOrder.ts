/** The order of test files. */
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Files that are short and take long, because they start processes: Vitest would start with long files at first. */
const longest = /conformance|cluster\.|machines|runners|SqlLedger|broken|killed|crash|resume|guide|docs/

/**
 * Starts with the files that take longest, so that no worker is left alone with one at the end. Vitest knows how long files
 * take once they have run; a fresh clone does not.
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

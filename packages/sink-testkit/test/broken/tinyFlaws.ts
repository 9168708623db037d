/** How the flaws of the tiny sink must be seen, by the id of the rule. */
import type { flaws } from "../support/tiny.ts"

export const tinyFlaws: Readonly<
  Record<typeof flaws[number], { readonly says: RegExp; readonly also?: ReadonlyArray<string> }>
> = {
  L03: { says: /after check of an empty target: .*\.check-.* has appeared/ },
  L04: { says: /after failure: .*EEXIST/, also: ["X01"] },
  L05: { says: /more than before of open files/ },
  W05: { says: /outside has appeared next to the target/ },
  W06: { says: /job "y\/z" is missing/ },
  W07: { says: /took \d+ MB more of memory than a small document/ },
  C01: { says: /killed during stage, opened again: .*(?:torn|should not be|cannot be read back)/ },
  C02: { says: /cut in half: inspect finds nothing amiss, but what is there: cannot be read back/ },
  C03: { says: /when no longer full, store failed: .*ENOSPC/ },
  C04: { says: /rename 1 failed: job "job-\d+": the document differs/ },
  C05: { says: /without what was not synced when commit 1 returned .* is missing/ },
  C07: { says: /power cut after operation \d+ of batch 1 \(without .*commits\/[^)]*\): cannot be read back: .*JSON/ },
  F01: { says: /a full disk is misconfigured, as if it were final/ },
  F03: { says: /when no longer gone, store failed: .*EIO/ },
  P02: { says: /a second process is let in/ },
  P03: { says: /storing 7 MB takes \d+ MB of memory, storing 70 MB takes \d+ MB/ },
  M01: {
    says: /after two processes and the merge: job "job-\d+" is missing/,
    also: ["M02", "M05", "M06", "M07", "M08"]
  },
  M02: { says: /before the merge, while the writer is at work: /, also: ["M08"] },
  M03: { says: /killed .*, the merge says that killed is still open/ },
  M04: {
    says:
      /the merge was killed at file operation \d+ of \d+, and merged again: job "[^"]+"(?: is missing|: the document)/
  },
  M05: { says: /a second merge says that \d+ jobs have come/ },
  M06: { says: /stored by z first and by a then: job "job-\d+": the document differs/, also: ["M07"] },
  M07: { says: /while a writer has its part open, inspect/ },
  M08: { says: /a second of one name is let in/, also: ["M06", "M09"] },
  M09: { says: /taken over, the merge says that gone is still open/ },
  O02: { says: /a secret is found after: .*X-Amz-Credential=/ },
  V01: { says: /the manifest says \d+ bytes of commits\/[\d-]+\.ndjson/ }
}

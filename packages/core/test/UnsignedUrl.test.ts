import { assert, describe, it } from "@effect/vitest"
import * as UnsignedUrl from "../src/UnsignedUrl.ts"

describe("UnsignedUrl", () => {
  it("drops a query that holds a signature or a secret, and keeps any other", () => {
    assert.strictEqual(UnsignedUrl.strip("https://x.example/a?b=1&c=2"), "https://x.example/a?b=1&c=2")
    for (
      const name of [
        "X-Amz-Signature",
        "x-goog-signature",
        "Signature",
        "sig",
        "AWSAccessKeyId",
        "Expires",
        "token",
        "X%2DAmz-Date",
        "api_key",
        "Key-Pair-Id",
        "access_token"
      ]
    ) assert.strictEqual(UnsignedUrl.strip(`https://x.example/a?b=1&${name}=canary`), "https://x.example/a", name)
  })

  it("drops credentials and fragments", () => {
    assert.strictEqual(UnsignedUrl.strip("https://user:pass@x.example/a#part"), "https://x.example/a")
  })

  it("keeps of a data: URI what it says of its data", () => {
    assert.strictEqual(UnsignedUrl.strip(`data:image/png;base64,${"A".repeat(9000)}`), "data:image/png;base64")
    assert.strictEqual(UnsignedUrl.strip("data:,x"), "data:")
  })
})

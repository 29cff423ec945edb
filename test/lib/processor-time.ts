// The processor time of this process. A test that work is not quadratic, or that a pattern does not search for ever, compares it with a bound
// far above the usual: unlike the time of a clock it does not grow while other tests have the processor.

/** Ms since the start of the process, of all its threads. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

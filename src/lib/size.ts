// Sizes as written in the configuration (`32KiB`, `10M`, `10240000`), converted to and from octets.
// K, M, G and KiB, MiB, GiB are powers of 1024 (as in other mail servers); kB, MB, GB are powers of 1000.

const factors: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
}

const written = /^(\d{1,15})(?:\.(\d{1,3}))? ?([A-Za-z]{0,3})$/

/** Octets, rounded down; null if it is no size. Units are read in any case. */
export function parseSize(text: string): number | null {
  const match = written.exec(text)
  const factor = match ? factors[(match[3] as string).toLowerCase()] : undefined
  if (!match || factor === undefined) return null
  const octets = Math.floor(Number(`${match[1]}.${match[2] ?? '0'}`) * factor)
  return Number.isSafeInteger(octets) ? octets : null
}

/** Writes octets exactly, in the largest binary unit that divides them. */
export function formatSize(octets: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const factor = factors[unit.toLowerCase()] as number
    if (octets > 0 && octets % factor === 0) return `${octets / factor}${unit}`
  }
  return String(octets)
}

// The report about a mail host as lines for people.

import type { HostReport } from './examine-host.ts'

export function describeHost({ peer, mxSecure, addressSecure, ...rest }: HostReport): string[] {
  const dnssec = [security('MX records', mxSecure), security('address', addressSecure)].filter((one) => one !== null)
  const { policy, demand, findings, result, isAccepted } = rest
  return [
    peer,
    ...(dnssec.length === 0 ? [] : [`  DNSSEC: ${dnssec.join(', ')}`]),
    ...findings.map(({ source, text }) => `  ${source}: ${text}`),
    `  policy ${policy}: ${demand}`,
    ...(result === null ? [] : [`  ${isAccepted ? 'reached' : 'failed'}: ${result}`]),
  ]
}

function security(what: string, isSecure: boolean | null): string | null {
  if (isSecure === null) return null
  return `${what} ${isSecure ? 'secure' : 'insecure'}`
}

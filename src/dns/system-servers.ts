// The DNS servers of the host from resolv.conf(5): the default if the configuration names none.

import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { type StubSettings, stubDefaults } from './stub.ts'

const DNS_PORT = 53
/** As libc: more `nameserver` lines are ignored. */
const MAX_SERVERS = 3
/** As libc: upper bounds of `options timeout:` (seconds) and `attempts:`. */
const MAX_TIMEOUT_S = 30
const MAX_TRIES = 5

/** Settings from the text of resolv.conf. Without servers it is 127.0.0.1, as in libc. */
export function parseResolvConf(text: string): StubSettings {
  const hosts: string[] = []
  const options = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    if (keyword === 'nameserver' && isServer(values[0])) hosts.push(values[0])
    if (keyword !== 'options') continue
    for (const option of values) {
      const [name = '', value = ''] = option.split(':')
      options.set(name, value)
    }
  }
  const used = hosts.length > 0 ? hosts.slice(0, MAX_SERVERS) : ['127.0.0.1']
  const timeoutS = positive(options.get('timeout'), MAX_TIMEOUT_S)
  return {
    servers: used.map((host) => ({ host, port: DNS_PORT })),
    timeoutMs: timeoutS === null ? stubDefaults.timeoutMs : timeoutS * 1000,
    tries: positive(options.get('attempts'), MAX_TRIES) ?? stubDefaults.tries,
    // With `trust-ad` the administrator declares the path to the servers secure.
    trustAuthentic: options.has('trust-ad'),
  }
}

/** Reads the settings of the host. A missing or unreadable file counts as empty, as in libc. */
export async function readSystemServers(path = '/etc/resolv.conf'): Promise<StubSettings> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return parseResolvConf(text)
}

/** An address, also with a zone such as `fe80::1%eth0`. */
function isServer(host: string | undefined): host is string {
  return host !== undefined && isIP(host) !== 0
}

function positive(text: string | undefined, max: number): number | null {
  const value = Number.parseInt(text ?? '', 10)
  return value > 0 ? Math.min(value, max) : null
}

// Starts a listener with scripted hooks on a free loopback port; a test can shorten its limits.

import { createAuthority } from '../../src/demo/ca.ts'
import { createBudgets } from '../../src/budget/budgets.ts'
import type { PoolLimits } from '../../src/budget/pool.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { networkMatcher } from '../../src/lib/ip-address.ts'
import type { ServerLimits } from '../../src/server/server-limits.ts'
import { type Listener, startListener } from '../../src/server/listener.ts'
import type { ListenerSettings } from '../../src/server/listener-settings.ts'
import type { HeaderResult } from '../../src/server/proxy/header-waits.ts'
import { createProvenAddresses } from '../../src/server/proven-addresses.ts'
import { createSessionPlaces, type SessionPlaces } from '../../src/server/session-places.ts'
import type { Current } from '../../src/lib/current.ts'
import type { TlsMaterial } from '../../src/server/tls-material.ts'
import type { LogFields } from '../../src/lib/log.ts'
import { connectDialogue, type DialogueOptions, type SmtpDialogue } from './smtp-dialogue.ts'
import { type ScriptedHooks, scriptedHooks, type TestHooks } from './scripted-hooks.ts'

export interface TestListener extends ScriptedHooks {
  readonly listener: Listener
  readonly port: number
  readonly notices: { readonly message: string; readonly fields: LogFields }[]
  readonly bugs: { readonly context: string; readonly error: unknown }[]
  /** The results of PROXY headers. */
  readonly headers: readonly HeaderResult[]
  /** A client that has not read the greeting yet. */
  connect(options?: Omit<DialogueOptions, 'port'>): Promise<SmtpDialogue>
  /** A client that has sent EHLO. */
  greeted(options?: Omit<DialogueOptions, 'port'>): Promise<SmtpDialogue>
  close(): Promise<void>
}

export const testAuthority = createAuthority('Waypost tests')
const serverIdentity = testAuthority.issue({ names: ['localhost', 'mx.example.org'], ips: ['127.0.0.1'] })
const serverMaterial = { ...serverIdentity, ca: testAuthority.certificate }

const settingsOfTests: ListenerSettings = {
  name: 'test',
  host: '127.0.0.1',
  port: 0,
  tls: 'starttls',
  requestCertificate: false,
  mechanisms: [],
  requireTls: false,
  greetAtOnce: true,
}

export interface TestListenerOptions {
  readonly settings?: Partial<ListenerSettings>
  readonly hooks?: Partial<TestHooks>
  readonly limits?: Partial<ServerLimits>
  /** Sessions that one client can have; as many of them can be unproven. */
  readonly client?: number
  readonly sessions?: Partial<PoolLimits>
  readonly unproven?: Partial<PoolLimits>
  /** Default: one certificate of the authority of the tests. */
  readonly certificate?: Current<TlsMaterial | null>
  /** The address of a fleet node. */
  readonly peer?: string
  /** Networks of load balancers in front of the listener. */
  readonly proxy?: readonly string[]
  /** Networks of hosts that may use XCLIENT. */
  readonly xclient?: readonly string[]
  /** Networks of hosts that may use XFORWARD. */
  readonly xforward?: readonly string[]
  /** Connections of a balancer that wait for their header. */
  readonly headers?: Partial<PoolLimits>
}

/** Places of a listener as in a node. */
export function testPlaces(options: TestListenerOptions = {}): SessionPlaces {
  const budgets = createBudgets(systemClock)
  const { client = 50, peer } = options
  return createSessionPlaces({
    sessions: budgets.pool('sessions', options.sessions),
    unproven: budgets.pool('unprovenSessions', options.unproven),
    clientShare: client,
    unprovenShare: client,
    isPeer: (ip) => ip === peer,
    known: createProvenAddresses(),
  })
}

/** Errors cost no delay unless a test sets one. */
export async function startTestListener(options: TestListenerOptions = {}): Promise<TestListener> {
  const scripted = scriptedHooks(options.hooks)
  const notices: TestListener['notices'] = []
  const bugs: TestListener['bugs'] = []
  const headers: HeaderResult[] = []
  const listener = await startListener(
    { ...settingsOfTests, ...options.settings },
    {
      hooks: scripted.hooks,
      certificate: options.certificate ?? { value: serverMaterial },
      clock: systemClock,
      hostname: 'mx.example.org',
      places: testPlaces(options),
      isFrontEnd: networkMatcher(options.xclient ?? []),
      isForwarder: networkMatcher(options.xforward ?? []),
      proxy: {
        isBalancer: networkMatcher(options.proxy ?? []),
        places: createBudgets(systemClock).pool('proxyHeaders', options.headers),
        count: (result) => void headers.push(result),
      },
      limits: { errorDelayMs: 1, ...options.limits },
      log: {
        info: (fields, message) => void notices.push({ message, fields }),
        bug: (error, context) => void bugs.push({ context, error }),
      },
    },
  )
  const { port } = listener.address()
  const connect: TestListener['connect'] = (at) => connectDialogue({ port, ...at })
  return {
    ...scripted,
    listener,
    port,
    notices,
    bugs,
    headers,
    connect,
    greeted: async (at) => {
      const client = await connect(at)
      await client.expect(null, '220')
      await client.expect('EHLO client.example.net', '250')
      return client
    },
    close: () => listener.close(),
  }
}

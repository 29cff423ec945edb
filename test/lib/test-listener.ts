// Starts a listener with scripted hooks on an ephemeral loopback port, with short limits where a test wants them.

import { createAuthority } from '../../src/demo/ca.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { ServerHooks } from '../../src/server/server-hooks.ts'
import type { ServerLimits } from '../../src/server/server-limits.ts'
import { type Listener, startListener } from '../../src/server/listener.ts'
import type { ListenerSettings } from '../../src/server/listener-settings.ts'
import type { LogFields } from '../../src/server/server-log.ts'
import { connectDialogue, type DialogueOptions, type SmtpDialogue } from './smtp-dialogue.ts'
import { type ScriptedHooks, scriptedHooks } from './scripted-hooks.ts'

export interface TestListener extends ScriptedHooks {
  readonly listener: Listener
  readonly port: number
  readonly notices: { readonly message: string; readonly fields: LogFields }[]
  readonly bugs: { readonly where: string; readonly error: unknown }[]
  /** A client with the greeting still to be read. */
  connect(options?: Omit<DialogueOptions, 'port'>): Promise<SmtpDialogue>
  /** A client that has said EHLO. */
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
  bareNewline: 'reject',
  greetAtOnce: true,
}

export interface TestListenerOptions {
  readonly settings?: Partial<ListenerSettings>
  readonly hooks?: Partial<ServerHooks>
  readonly limits?: Partial<ServerLimits>
}

/** Errors cost no delay here unless a test asks for it. */
export async function startTestListener(options: TestListenerOptions = {}): Promise<TestListener> {
  const scripted = scriptedHooks(options.hooks)
  const notices: TestListener['notices'] = []
  const bugs: TestListener['bugs'] = []
  const listener = await startListener(
    { ...settingsOfTests, ...options.settings },
    {
      hooks: scripted.hooks,
      certificate: { value: serverMaterial },
      clock: systemClock,
      hostname: 'mx.example.org',
      limits: { errorDelayMs: 1, ...options.limits },
      log: {
        notice: (message, fields) => void notices.push({ message, fields }),
        bug: (where, error) => void bugs.push({ where, error }),
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

// Pins what this module uses and overrides of smtp-server 3.21.6. If a test fails after an update, follow
// docs/decisions/0013-smtp-server.md before you change a value here.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import { describe, expect, it } from 'vitest'

const manifest = createRequire(import.meta.url).resolve('smtp-server/package.json')
const source = (name: string) => readFileSync(join(dirname(manifest), 'dist/esm', `${name}.js`), 'utf8')
const methods = (prototype: object) => Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')

describe('smtp-server', () => {
  it('has the reviewed version', () => {
    expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({ version: '3.21.6' })
  })

  it.each([
    ['smtp-connection', 'b7ee51b8774cabf0'],
    ['smtp-server', '7d526449a9869243'],
    ['smtp-stream', '4e48daabf1b43c95'],
  ])('%s has the reviewed source', (name, hash) => {
    expect(createHash('sha256').update(source(name)).digest('hex').slice(0, 16)).toBe(hash)
  })

  it('has the methods that this module overrides or calls', () => {
    expect(methods(SMTPConnection.prototype)).toEqual(
      expect.arrayContaining([
        'init',
        'send',
        'close',
        'upgrade',
        '_createParser',
        '_onCommand',
        '_onClose',
        '_onError',
        '_armTimeout',
        '_setListeners',
        '_whenWritable',
      ]),
    )
    expect(methods(SMTPServer.prototype)).toEqual(
      expect.arrayContaining([
        'connect',
        '_acceptSocket',
        '_upgrade',
        '_handleProxy',
        '_expectsProxyHeader',
        '_resolveSNI',
        '_warnAboutDefaultCertificate',
        'updateSecureContext',
        'onSecure',
        'onClose',
      ]),
    )
    expect(methods(SMTPStream.prototype)).toEqual(
      expect.arrayContaining(['continue', '_feedDataStream', '_flushData', '_write']),
    )
  })

  it('calls its command handlers only in _onCommand, which is overridden', () => {
    const text = source('smtp-connection')
    expect(text.match(/handler_[A-Z]+\(/g)?.length).toBe(text.match(/^ {4}handler_[A-Z]+\(/gm)?.length)
    expect(text.match(/_getHandler\(/g)).toHaveLength(3)
  })

  it('reads the default context when it starts a handshake, not later', () => {
    // MailServer.withCertificates() sets the context for the length of one call of upgrade() or _upgrade().
    const text = source('smtp-connection') + source('smtp-server')
    expect(text.match(/createTLSSocketOptions\(this(\._server)?\)/g)).toHaveLength(2)
    expect(source('smtp-connection').match(/secureContext\.get\('\*'\)/g)).toHaveLength(1)
  })

  it('sends its greeting only in init(), which is overridden', () => {
    // The second call is in XCLIENT, whose handler is never called.
    expect(source('smtp-connection').match(/this\._sendGreeting\(/g)).toHaveLength(2)
    expect(source('smtp-connection').match(/this\.connectionReady\(/g)).toHaveLength(1)
  })
})

// A person gives a new Thunderbird name, address and password: it finds the settings at the node, and its mail arrives.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startThunderbird, type Thunderbird } from '../lib/peers/thunderbird.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type World } from '../lib/whole-node.ts'

const address = 'lee@example.org'

describe.runIf(ensurePeers(['thunderbird']))('Thunderbird', () => {
  let world: World
  let far: SmtpPeer
  let thunderbird: Thunderbird

  beforeAll(async () => {
    world = await startWorld()
    far = await world.destination('far.example')
    const accounts = await writeAccounts(world)
    const host = world.newAddress()
    const issued = world.ca.issue({ names: ['smtp.example.org', 'autoconfig.example.org'] })
    writeFileSync(join(world.folder, 'public.pem'), issued.certificate)
    writeFileSync(join(world.folder, 'public.key'), issued.key, { mode: 0o600 })
    await world.node({
      role: 'submission',
      mail: { domains: ['example.org'], aliases: { lee: 'lee@home.example' } },
      yaml: {
        ...accounts.yaml,
        // The ports that Thunderbird asks and that the file names.
        listen: { submissions: `${host}:465`, submission: `${host}:587` },
        tls: { certificate: '../public.pem', key: '../public.key' },
        peers: { mx: ['mx-01.example.org'] },
        autoconfig: {
          listen: `${host}:443`,
          server: 'smtp.example.org',
          incoming: { protocol: 'imap', server: 'imap.provider.example' },
        },
      },
    })
    thunderbird = await startThunderbird(host)
    const authority = world.ca.certificate.replaceAll(/-----[A-Z ]+-----|\n/g, '')
    await run(
      `Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(args[0], "CT,,")`,
      [authority],
    )
  })
  afterAll(async () => {
    await thunderbird?.stop()
    await world.close()
  })

  async function run(body: string, args: readonly unknown[]): Promise<unknown> {
    const result = (await thunderbird.run(body, args)) as { value?: unknown; error?: string }
    if (result.error !== undefined) throw new Error(result.error)
    return result.value
  }

  it('finds the settings at the node by the domain of the address, and sends with them', async () => {
    const used = await run(
      `const module = (name) => ChromeUtils.importESModule("resource:///modules/accountcreation/" + name + ".sys.mjs")[name]
      const [address, password, recipient] = args
      const config = await module("FetchConfig").fromISP("example.org", address, new AbortController().signal)
      module("AccountConfig").replaceVariables(config, "Lee Doe", address, password)
      const account = await module("CreateInBackend").createAccountInBackend(config)
      const identity = account.defaultIdentity
      // The copy of sent mail would go to the IMAP server of the provider.
      identity.doFcc = false
      const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields)
      Object.assign(fields, { from: address, to: recipient, subject: "by-thunderbird" })
      const status = await new Promise((resolve) => {
        const ignored = ["onStartSending", "onProgress", "onStatus", "onSendProgress", "onGetDraftFolderURI", "onSendNotPerformed", "onTransportSecurityError"]
        const listener = {
          QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener"]),
          ...Object.fromEntries(ignored.map((name) => [name, () => {}])),
          onStopSending: (id, status) => resolve(status),
        }
        const sender = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend)
        sender.createAndSendMessage(null, identity, account.key, fields, false, false, Ci.nsIMsgSend.nsMsgDeliverNow, null, "text/plain", "Hello\\n", null, null, listener, "", null, Ci.nsIMsgCompType.New)
      })
      const part = ({ type, hostname, port, socketType, auth, username }) => ({ type, hostname, port, socketType, auth, username })
      return { status, incoming: part(config.incoming), outgoing: part(config.outgoing) }`,
      [address, password, 'friend@far.example'],
    )
    // Thunderbird's numbers: socketType 3 is TLS from the first octet, auth 3 is a password in the clear inside it.
    const found = { username: address, socketType: 3, auth: 3 }
    expect(used).toEqual({
      status: 0,
      incoming: { ...found, type: 'imap', hostname: 'imap.provider.example', port: 993 },
      outgoing: { ...found, type: 'smtp', hostname: 'smtp.example.org', port: 465 },
    })
    const arrived = () => far.messages.find(({ data }) => data.includes('Subject: by-thunderbird\r\n'))
    await until(() => arrived() !== undefined, { what: 'the mail of Thunderbird' })
    expect(arrived()?.data.toString()).toMatch(/^DKIM-Signature:[^]*^From: lee@example.org\r$/m)
  })
})

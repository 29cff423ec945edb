// Real clients and real servers of others around a whole fleet: swaks, msmtp and Postfix hand mail to our nodes, Postfix takes it.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeAddresses, externalAddress } from '../../src/demo/demo-addresses.ts'
import { machine, person } from '../../src/demo/fleet.ts'
import { type RunningEnvironment, startEnvironment } from '../../src/demo/start-environment.ts'
import { fieldValues, testMessage } from '../../src/demo/environment.ts'
import { runMsmtp, runSwaks } from '../lib/peers/clients.ts'
import { verifyWithDkimpy } from '../lib/peers/dkim-verifiers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Postfix, startPostfix } from '../lib/peers/postfix.ts'
import { until } from '../lib/until.ts'

const PATIENCE = 20_000
const from = 'lee@example.org'
const friend = 'friend@home.example.net'
const idOfPostfix = (which: '-u' | '-g') => execFileSync('id', [which, 'postfix'], { encoding: 'utf8' }).trim()

describe.runIf(ensurePeers(['postfix', 'swaks', 'net-ssleay', 'msmtp', 'dkimpy']))(
  'a fleet among software of others',
  () => {
    let demo: RunningEnvironment
    const running: Postfix[] = []
    const fleet = () => demo.environment.fleet
    const arrival = (subject: string) =>
      demo.environment.acceptingHost.waitFor((mail) => fieldValues(mail.message, 'Subject').includes(subject), PATIENCE)
    const postfix = async (...settings: Parameters<typeof startPostfix>) => {
      const started = await startPostfix(...settings)
      running.push(started)
      return started
    }
    const mail = (subject: string, author = from) =>
      testMessage({ from: author, to: friend, subject, id: demo.environment.newId(subject, 'example.org') })

    beforeAll(async () => {
      demo = await startEnvironment(() => undefined)
    })

    afterAll(async () => {
      for (const one of running) await one.stop()
      await demo.close()
    })

    const swaksLogin = (port: number, ...more: string[]) =>
      runSwaks(
        '--server',
        `${nodeAddresses.submission}:${port}`,
        '--from',
        from,
        '--to',
        friend,
        '--auth-user',
        person.name,
        '--auth-password',
        person.password,
        ...more,
      )

    it.each([
      ['465 with PLAIN', () => swaksLogin(fleet().ports.submissions, '--tls-on-connect', '--auth', 'PLAIN')],
      ['465 with LOGIN', () => swaksLogin(fleet().ports.submissions, '--tls-on-connect', '--auth', 'LOGIN')],
      ['587 with STARTTLS', () => swaksLogin(fleet().ports.submission, '--tls', '--auth', 'PLAIN')],
    ])('swaks submits on %s', async (_name, send) => {
      const before = demo.environment.acceptingHost.mails.length
      expect(await send()).toMatchObject({ status: 0 })
      await until(() => demo.environment.acceptingHost.mails.length > before, {
        what: 'the mail to arrive',
        timeout: PATIENCE,
      })
    })

    it('swaks is refused with a wrong password, without TLS, and with the address of another user', async () => {
      const port = fleet().ports.submissions
      const wrong = await swaksLogin(port, '--tls-on-connect', '--auth', 'PLAIN', '--auth-password', 'guess')
      expect(wrong.output).toContain('535 5.7.8')
      expect((await swaksLogin(fleet().ports.submission, '--auth', 'PLAIN')).status).not.toBe(0)
      const asGina = await swaksLogin(port, '--tls-on-connect', '--auth', 'PLAIN', '--from', 'gina@example.org')
      expect(asGina.output).toContain('553 5.7.1')
    })

    it('swaks delivers to a role address from the internet, and is refused for an unknown one', async () => {
      const { ports } = fleet()
      const stranger = (to: string) =>
        runSwaks(
          '--server',
          `${nodeAddresses.mx}:${ports.smtp}`,
          '--local-interface',
          externalAddress,
          '--ehlo',
          'mail.stranger.example',
          '--from',
          'ann@stranger.example',
          '--to',
          to,
          '--header',
          'Subject: from-swaks',
        )
      expect(await stranger('press@example.org')).toMatchObject({ status: 0 })
      expect((await arrival('from-swaks')).from).toMatch(/^SRS0=/)
      expect((await stranger('nobody-here@example.org')).output).toContain('550 5.1.1')
      expect((await stranger('somebody@elsewhere.example')).output).toMatch(/<\*\* 5[0-9]{2} 5\.7\.1/)
    })

    it('msmtp submits, and verifies our certificate', async () => {
      const { folder, ports } = fleet()
      const sent = await runMsmtp(
        mail('from-msmtp').replaceAll('\r\n', '\n'),
        `--host=${nodeAddresses.submission}`,
        `--port=${ports.submissions}`,
        '--tls=on',
        '--tls-starttls=off',
        `--tls-trust-file=${join(folder, 'ca.pem')}`,
        '--auth=plain',
        `--user=${person.name}`,
        `--passwordeval=echo '${person.password}'`,
        `--from=${from}`,
        friend,
      )
      expect(sent).toMatchObject({ status: 0 })
      const arrived = await arrival('from-msmtp')
      const records = Object.fromEntries(fleet().dkimRecords.map((record) => [record.name, record.text]))
      expect(verifyWithDkimpy(arrived.message, records, 2)).toEqual(['pass', 'pass'])
    })

    it('Postfix uses the mta with its certificate, and the submission node with a password', async () => {
      const { folder, ports } = fleet()
      const tls = { smtp_tls_security_level: 'encrypt', smtp_tls_CAfile: join(folder, 'ca.pem') }
      const toMta = await postfix({
        relayhost: `[${nodeAddresses.mta}]:${ports.submission}`,
        main: {
          ...tls,
          smtp_tls_cert_file: join(folder, `${machine}.pem`),
          smtp_tls_key_file: join(folder, `${machine}.key`),
        },
      })
      toMta.sendmail(`${machine}@example.org`, [friend], mail('postfix-mta', `${machine}@example.org`))
      expect(fieldValues((await arrival('postfix-mta')).message, 'DKIM-Signature')).toHaveLength(2)
      const relayhost = `[${nodeAddresses.submission}]:${ports.submission}`
      const toSubmission = await postfix({
        relayhost,
        main: {
          ...tls,
          smtp_sasl_auth_enable: 'yes',
          smtp_sasl_security_options: 'noanonymous',
          smtp_sasl_password_maps: `inline:{{${relayhost} = ${person.name}:${person.password}}}`,
        },
      })
      toSubmission.sendmail(from, [friend], mail('postfix-submission'))
      expect(fieldValues((await arrival('postfix-submission')).message, 'DKIM-Signature')).toHaveLength(2)
    })

    it('Postfix is the MX host of a forward, and its refusal returns as a bounce', async () => {
      const { ports } = fleet()
      const host = '127.0.2.9'
      const next = await postfix({
        listen: { host, port: ports.smtp },
        hostname: 'mx.postfix.example',
        main: {
          mynetworks: '192.0.2.0/24',
          virtual_mailbox_domains: 'postfix.example',
          virtual_mailbox_maps: 'inline:{here@postfix.example=inbox/}',
          virtual_mailbox_base: '$data_directory',
          virtual_uid_maps: `static:${idOfPostfix('-u')}`,
          virtual_gid_maps: `static:${idOfPostfix('-g')}`,
        },
      })
      demo.environment.dns.zone.set('postfix.example', { MX: '10 mx.postfix.example' })
      demo.environment.dns.zone.set('mx.postfix.example', { A: host })
      const submitTo = (to: string) =>
        swaksLogin(
          ports.submissions,
          '--tls-on-connect',
          '--auth',
          'PLAIN',
          '--to',
          to,
          '--header',
          'Subject: to-postfix',
        )
      expect(await submitTo('here@postfix.example')).toMatchObject({ status: 0 })
      const inbox = join(next.folder, 'data/inbox/new')
      await until(() => next.log().includes('status=sent'), { what: 'Postfix to deliver', timeout: PATIENCE })
      expect(readFileSync(join(inbox, readdirSync(inbox)[0] as string), 'utf8')).toContain('DKIM-Signature:')
      expect(await submitTo('gone@postfix.example')).toMatchObject({ status: 0 })
      const bounce = await demo.environment.acceptingHost.waitFor(
        (one) => one.from === null && one.message.includes('gone@postfix.example'),
        PATIENCE,
      )
      expect(bounce.message.toString()).toContain('550 5.1.1')
    })
  },
)

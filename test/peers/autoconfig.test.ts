// Programs of others read the files for mail programs: the XML and property-list readers of Python, and nsd the zone.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { appleProfile } from '../../src/autoconfig/apple-profile.ts'
import { outlookError, outlookSettings } from '../../src/autoconfig/autodiscover.ts'
import { type PersonAddress, personOf } from '../../src/autoconfig/mail-service.ts'
import { mozillaConfig } from '../../src/autoconfig/mozilla-config.ts'
import { serviceRecords } from '../../src/autoconfig/service-records.ts'
import { outgoingOnly, sampleService } from '../lib/sample-mail-service.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-autoconfig-'))
afterAll(() => rmSync(folder, { recursive: true }))
const kim = personOf('kim@example.org', sampleService) as PersonAddress

function python(script: string, input: string): unknown {
  const run = spawnSync('/usr/bin/python3', ['-c', script], { input, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(run.stderr)
  return JSON.parse(run.stdout)
}

/** The servers as Thunderbird's reader takes them. */
const readMozilla = `
import json, sys, xml.etree.ElementTree as tree
provider = tree.fromstring(sys.stdin.buffer.read()).find('emailProvider')
server = lambda one: [one.tag, one.get('type')] + [one.findtext(key) for key in ('hostname', 'port', 'socketType', 'authentication', 'username')]
print(json.dumps([provider.findtext('displayName')] + [server(one) for one in provider if one.tag.endswith('Server')]))`

it('config-v1.1.xml is XML with the servers', () => {
  const smtp = ['outgoingServer', 'smtp', 'smtp.example.org']
  expect(python(readMozilla, mozillaConfig(sampleService, 'example.org'))).toEqual([
    'Tips & <Co>',
    ['incomingServer', 'imap', 'imap.provider.example', '993', 'SSL', 'password-cleartext', '%EMAILADDRESS%'],
    [...smtp, '465', 'SSL', 'password-cleartext', '%EMAILLOCALPART%'],
    [...smtp, '587', 'STARTTLS', 'password-cleartext', '%EMAILLOCALPART%'],
  ])
})

/** Namespaces and protocols as Outlook takes them. */
const readOutlook = `
import json, sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
a = '{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}'
print(json.dumps([root.tag, [[one.findtext(a + key) for key in ('Type', 'Server', 'Port', 'LoginName')] for one in root.iter(a + 'Protocol')]]))`

it('the answers of Autodiscover are XML with their namespaces', () => {
  const root = '{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}Autodiscover'
  expect(python(readOutlook, outlookSettings(sampleService, kim))).toEqual([
    root,
    [
      ['IMAP', 'imap.provider.example', '993', 'kim@example.org'],
      ['SMTP', 'smtp.example.org', '465', 'kim'],
    ],
  ])
  expect(python(readOutlook, outlookError(new Date(0)))).toEqual([root, []])
})

const readPlist = `
import json, plistlib, sys
print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))`

it('the profile is a property list', () => {
  expect(python(readPlist, appleProfile(sampleService, kim) ?? '')).toMatchObject({
    PayloadType: 'Configuration',
    PayloadContent: [
      {
        PayloadType: 'com.apple.mail.managed',
        EmailAddress: 'kim@example.org',
        IncomingMailServerPortNumber: 993,
        OutgoingMailServerUsername: 'kim',
        OutgoingMailServerUseSSL: true,
      },
    ],
  })
})

it.runIf(ensurePeers(['nsd'])).each([sampleService, outgoingOnly])('the records are a zone', (service) => {
  const records = serviceRecords({ ...service, domains: ['example.org'] }, 'smtp.example.org')
  const file = join(folder, 'zone')
  const soa =
    'example.org. 300 IN SOA ns.example.org. root.example.org. 1 2 3 4 5\nexample.org. 300 IN NS ns.example.org.\n'
  writeFileSync(file, `$TTL 300\n${soa}${records.join('\n')}\n`)
  const run = spawnSync('/usr/sbin/nsd-checkzone', ['example.org', file], { encoding: 'utf8' })
  expect(run.stdout).toContain('zone example.org is ok')
})

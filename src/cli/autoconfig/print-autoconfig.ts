// `waypost autoconfig print`: the answers of the HTTPS listener, for a web server that exists already, and the DNS records of the service.

import { appleProfile } from '../../autoconfig/apple-profile.ts'
import { outlookSettings } from '../../autoconfig/autodiscover.ts'
import { type MailService, type PersonAddress, personOf } from '../../autoconfig/mail-service.ts'
import { mozillaConfig } from '../../autoconfig/mozilla-config.ts'
import { serviceRecords } from '../../autoconfig/service-records.ts'
import { settingsPage } from '../../autoconfig/settings-page.ts'
import { signProfile } from '../../autoconfig/sign-profile.ts'
import type { Config } from '../../config/config.ts'
import { systemClock } from '../../lib/clock.ts'
import { httpsHostOf, mailServiceOf } from '../../wiring/autoconfig-settings.ts'
import { FAILED, type Io, line, OK, USAGE } from '../io.ts'
import { withConfig } from '../with-config.ts'
import type { AutoconfigFormat } from './autoconfig-format.ts'

export interface PrintAutoconfig {
  readonly format: AutoconfigFormat
  readonly address: string | undefined
  readonly config: string
}

/** Prints to standard output. Returns the exit code. */
export function printAutoconfig(wanted: PrintAutoconfig, io: Io): Promise<number> | number {
  return withConfig(wanted.config, io, async (config) => {
    const service = mailServiceOf(config)
    if (!service) return complain(io, 'the configuration has no `autoconfig`')
    const { address } = wanted
    const person = address === undefined ? null : personOf(address, service)
    if (address !== undefined && !person)
      return complain(io, `found ${address}, expected an address of ${service.domains.join(', ')}`)
    return print({ service, person, config, io }, wanted.format)
  })
}

interface Printing {
  readonly service: MailService
  readonly person: PersonAddress | null
  readonly config: Config
  readonly io: Io
}

async function print({ service, person, config, io }: Printing, format: AutoconfigFormat): Promise<number> {
  if ((format === 'outlook' || format === 'apple') && !person)
    return complain(io, `${format} needs the address of a person`)
  switch (format) {
    case 'records':
      for (const record of serviceRecords(service, httpsHostOf(config))) line(io.stdout, record)
      return OK
    case 'thunderbird':
      io.stdout.write(mozillaConfig(service, person?.domain ?? service.domains[0]))
      return OK
    case 'page':
      io.stdout.write(settingsPage(service, person))
      return OK
    case 'outlook':
      io.stdout.write(outlookSettings(service, person as PersonAddress))
      return OK
    case 'apple':
      return printProfile({ service, person: person as PersonAddress, config, io })
  }
}

/** Signed with the key of the node, if it has one. */
async function printProfile({
  service,
  person,
  config,
  io,
}: Printing & { readonly person: PersonAddress }): Promise<number> {
  const profile = appleProfile(service, person)
  if (profile === null) {
    line(
      io.stderr,
      'no profile: without `autoconfig.incoming` there is no incoming server, and Apple programs need one',
    )
    return FAILED
  }
  io.stdout.write(config.tls ? await signProfile(profile, config.tls, new Date(systemClock.now())) : profile)
  return OK
}

function complain(io: Io, text: string): number {
  line(io.stderr, text)
  return USAGE
}

import { describe, expect, it } from 'vitest'
import { openReference } from './search-references.ts'

const zones = [
  'ldap://ForestDnsZones.corp.example.org/DC=ForestDnsZones,DC=corp,DC=example,DC=org',
  'ldap://DomainDnsZones.corp.example.org/DC=DomainDnsZones,DC=corp,DC=example,DC=org',
  'ldap://corp.example.org/CN=Configuration,DC=corp,DC=example,DC=org',
  'ldaps://corp.example.org:636/CN=Schema%2CCN=Configuration,DC=corp,DC=example,DC=org??sub',
]

describe('openReference', () => {
  it('ignores the partitions of Active Directory that hold no people', () => {
    expect(openReference(zones, 'refuse')).toBeNull()
    expect(openReference([], 'refuse')).toBeNull()
  })

  it.each([
    'ldap://sub.corp.example.org/DC=sub,DC=corp,DC=example,DC=org',
    'ldap://other.example.org/ou=elsewhere,ou=people,dc=example,dc=org',
    'ldap://other.example.org/OU=DC\\=DomainDnsZones,DC=corp,DC=example,DC=org',
    'ldap://other.example.org/',
    'ldap://other.example.org',
    'ldap://other.example.org/%E0%A4%A',
    'https://other.example.org/DC=DomainDnsZones,DC=example',
    '',
  ])('returns %j, which may hold people', (uri) => {
    expect(openReference([...zones, uri], 'refuse')).toBe(uri)
    expect(openReference([...zones, uri], 'ignore')).toBeNull()
  })
})

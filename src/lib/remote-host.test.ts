import { expect, it } from 'vitest'
import { remoteHost } from './remote-host.ts'

it.each([
  [remoteHost('mx.example.net', '192.0.2.1'), 'mx.example.net[192.0.2.1]'],
  [remoteHost(null, '2001:db8::1'), 'unknown[2001:db8::1]'],
  [remoteHost('mx.example.net', '2001:db8::1', 25), 'mx.example.net[2001:db8::1]:25'],
])('writes %s', (found, expected) => expect(found).toBe(expected))

import { expect, it } from 'vitest'
import { policyPage } from './policy-page.ts'

const own = { domains: ['a.test'], policy: { mode: 'enforce', mx: ['mx.a.test'], maxAge: 86_400 } } as const
const ask = (authority: string, url = '/.well-known/mta-sts.txt', method = 'GET') =>
  policyPage(own, { authority, url, method })

it('is the policy at its host and path', () => {
  const content = 'version: STSv1\r\nmode: enforce\r\nmx: mx.a.test\r\nmax_age: 86400\r\n'
  const page = { status: 200, contentType: 'text/plain; charset=us-ascii', content }
  expect(ask('mta-sts.a.test')).toEqual(page)
  expect(ask('mta-sts.a.test:8443', '/.well-known/mta-sts.txt?x', 'HEAD')).toEqual(page)
})

it('is nothing else', () => {
  expect(ask('autoconfig.a.test')).toBeNull()
  expect(ask('mta-sts.b.test')).toMatchObject({ status: 404 })
  expect(ask('mta-sts.a.test', '/')).toMatchObject({ status: 404 })
  expect(ask('mta-sts.a.test', undefined, 'POST')).toMatchObject({ status: 405 })
})

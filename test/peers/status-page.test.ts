// The status page in Debian's Chromium: each view in light and dark, on a phone and a wide screen, with and without its script. axe-core
// finds no fault, nothing is asked of another host, and the browser reports no breach of the policy. UPDATE_SCREENSHOTS=1 also makes the
// images of docs/reference/status-page.md.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isTooWide, launchBrowser, openChecked, PHONE, violations, WIDE } from '../lib/checked-browser.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startStatusSample, type StatusSample } from '../lib/status-sample.ts'
import { until } from '../lib/until.ts'

const images = join(import.meta.dirname, '../../docs/reference/status-page')

/** ImageMagick. */
const CONVERT = '/usr/bin/convert'
/** Heights of images whose point is further down, pixels. */
const tall: Readonly<Record<string, number>> = { now: 1250, journey: 1000 }

const pathsOf = ({ ids }: StatusSample): Readonly<Record<string, string>> => ({
  now: '/',
  queue: '/queue',
  messages: '/queue/messages',
  message: `/message?id=${ids.waiting}`,
  hostile: `/message?id=${ids.hostile}`,
  journey: `/message?id=${ids.forwarded}`,
  node: '/node?name=submission-01.example.org',
  search: '/search?q=kim%40gmail.com',
  checks: '/checks',
  destinations: '/destinations',
  accounts: '/accounts',
  directory: '/directory?diff=ldap',
  certificates: '/certificates',
  act: `/act?action=hold&id=${ids.waiting}`,
})

describe.runIf(ensurePeers(['chromium']))('the status page in a browser', () => {
  let sample: StatusSample
  let browser: Browser

  beforeAll(async () => {
    sample = await startStatusSample()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await sample?.close()
  })

  const open = (options: Parameters<Browser['newContext']>[0]) => openChecked(browser, sample.url, options)

  it.each([
    ['wide, light', WIDE, 'light'],
    ['wide, dark', WIDE, 'dark'],
    ['phone, light', PHONE, 'light'],
    ['phone, dark', PHONE, 'dark'],
  ] as const)('has no fault: %s', { timeout: 600_000 }, async (_, viewport, colorScheme) => {
    const { context, page, faults } = await open({ viewport, colorScheme })
    for (const [name, path] of Object.entries(pathsOf(sample))) {
      await page.goto(`${sample.url}${path}`)
      expect([name, await violations(page)]).toEqual([name, []])
      expect([name, await isTooWide(page)]).toEqual([name, false])
    }
    expect(faults).toEqual([])
    await context.close()
  })

  it('shows every view and acts without a script', { timeout: 300_000 }, async () => {
    const { context, page, faults } = await open({ viewport: WIDE, javaScriptEnabled: false })
    for (const [name, path] of Object.entries(pathsOf(sample))) {
      const answer = await page.goto(`${sample.url}${path}`)
      expect([name, answer?.status(), await page.locator('main h1').count()]).toEqual([name, 200, 1])
    }
    await page.goto(`${sample.url}/queue`)
    await page.getByRole('link', { name: 'Suspend mx:gmail.com' }).click()
    await page.getByLabel('Reason').fill('a test of the browser')
    await page.getByRole('button', { name: 'Suspend' }).click()
    expect(await page.getByRole('status').first().textContent()).toContain('Suspend: done, 1 changed')
    expect((await sample.queue.reader.overview()).suspended).toMatchObject([
      { nextHop: 'mx:gmail.com', reason: 'a test of the browser' },
      { nextHop: 'mx:partner.example' },
    ])
    await sample.queue.resume({ nextHop: 'mx:gmail.com', by: 'test', reason: '' })
    expect(faults).toEqual([])
    await context.close()
  })

  it('can be used with the keyboard, and shows itself again with its script', { timeout: 120_000 }, async () => {
    const { context, page, faults } = await open({ viewport: WIDE })
    await page.goto(sample.url)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    await page.keyboard.press('/')
    expect(await page.evaluate('document.activeElement.id')).toBe('find')
    await page.keyboard.type('kim@gmail.com')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/search\?q=kim%40gmail.com/)
    await page.goto(sample.url)
    await page.evaluate(`document.querySelector('main h1').textContent = 'old'`)
    const heading = () => page.locator('main h1').textContent()
    await until(async () => (await heading()) !== 'old', { what: 'the view to be shown again', timeout: 60_000 })
    expect(faults).toEqual([])
    await context.close()
  })

  it.runIf(process.env['UPDATE_SCREENSHOTS'] === '1')(
    'makes the images of the documentation',
    { timeout: 300_000 },
    async () => {
      mkdirSync(images, { recursive: true })
      const shots = Object.entries(pathsOf(sample)).filter(([name]) => name !== 'hostile')
      for (const [name, path] of [...shots, ['now-phone', '/'] as const]) {
        const isPhone = name === 'now-phone'
        const colorScheme = name === 'checks' || name === 'directory' ? 'dark' : 'light'
        const height = tall[name] ?? 760
        const viewport = isPhone ? { width: 390, height: 1900 } : { width: 1100, height }
        const { context, page } = await open({ viewport, colorScheme })
        await page.goto(`${sample.url}${path}`)
        const file = join(images, `${name}.png`)
        await page.screenshot({ path: file })
        // Few colours are enough for text and lines, and keep the tree small.
        execFileSync(CONVERT, [file, '+dither', '-colors', '80', '-strip', `png8:${file}`])
        await context.close()
      }
    },
  )
})

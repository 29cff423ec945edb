// Debian's Chromium for tests of pages: it notes what a page asks of other hosts and complains about, and runs axe-core.

import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

export const WIDE = { width: 1440, height: 900 }
export const PHONE = { width: 390, height: 844 }

export interface CheckedPage {
  readonly context: BrowserContext
  readonly page: Page
  /** Requests to other hosts, errors and dialogues. */
  readonly faults: readonly string[]
}

/** Tests run as root on our machines, where Chromium has no sandbox. It opens pages of the test only. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
}

/** @param origin the only place that the page may ask */
export async function openChecked(
  browser: Browser,
  origin: string,
  options: Parameters<Browser['newContext']>[0],
): Promise<CheckedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) faults.push(`asked ${request.url()}`)
  })
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('dialog', (dialog) => {
    faults.push(`dialog ${dialog.message()}`)
    void dialog.dismiss()
  })
  return { context, page, faults }
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[]
}

/** What axe-core finds. The policy stays in force for the page: axe-core is evaluated by the debugger, beside it. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const found = (await page.evaluate('axe.run(document)')) as AxeResult
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)
}

/** Whether a reader has to scroll sideways. */
export async function isTooWide(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) as boolean
}

// The page of a request that proves nothing: the form for a token, or a sentence about the ways to prove something.

import { form } from '../lib/form-guard.ts'
import { html } from '../lib/html.ts'
import type { Page } from '../lib/http-page.ts'
import { framed, note } from './frame.ts'

interface SignInView {
  readonly hasTokens: boolean
  readonly failure: { readonly status: number; readonly text: string } | null
}

export function signInForm(shell: Parameters<typeof framed>[0], { hasTokens, failure }: SignInView): Page {
  const fields = html`<div><label for="operator-token">Token</label>
<input id="operator-token" name="operator-token" type="password" autocomplete="current-password" maxlength="200" required autofocus></div>
<button>Sign in</button>`
  const body = html`<div class="narrow">${failure && note('bad', failure.text)}
<section class="card stack">${
    hasTokens
      ? form(shell, '/sign-in', html`<div class="stack">${fields}</div>`)
      : html`<p>This node accepts no tokens. Use the reverse proxy of your organization.</p>`
  }</section>
<p class="soft small">Operators of this node only. A client certificate of the list of operators needs no token.</p></div>`
  return framed(shell, { title: 'Sign in', body, status: failure?.status ?? (hasTokens ? 200 : 403) })
}

import { expect, it } from 'vitest'
import { html } from './html.ts'

it('escapes every value but HTML', () => {
  const bad = `<script>alert("x" & 'y')</script>\u0000\u202e`
  expect(html`<p title="${bad}">${bad}</p>`.html).toBe(
    `<p title="&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;\u202e">&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;\u202e</p>`,
  )
  expect(html`<ul>${[1, 2].map((one) => html`<li>${one}</li>`)}</ul>${null}${false}${''}`.html).toBe(
    '<ul><li>1</li>\n<li>2</li></ul>',
  )
})

// A QR code as inline SVG, without a script and without a request.

import encodeQR from 'qr'
import type { Html } from './html.ts'

/** White modules around the code (ISO/IEC 18004 6.3.8). */
const QUIET = 4

/** @param text at most some hundred characters */
export function qrCode(text: string): Html {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET })
  const path = modules.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  const size = modules.length
  return {
    html: `<svg class="qr" role="img" aria-label="QR code of the secret" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#000" d="${path.join('')}"/></svg>`,
  }
}

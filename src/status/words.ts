// Numbers and times as the pages write them.

import { formatDuration } from '../lib/duration.ts'
import { type Html, html } from '../lib/html.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** `12 345`. */
export function number(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, '\u202f')
}

/** `1 message`, `2 messages`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`
}

/** `3.4`, `120` per minute. */
export function rate(sum: number, minutes: number): string {
  const value = sum / Math.max(1, minutes)
  return value === 0 ? '0' : value < 10 ? value.toFixed(1) : number(value)
}

/** `45s`, `12m`, `5h`, `3d`: one unit, as a table has it. */
export function span(ms: number): string {
  const unit = ms < MINUTE_MS ? 1000 : ms < HOUR_MS ? MINUTE_MS : ms < DAY_MS ? HOUR_MS : DAY_MS
  return formatDuration(Math.max(0, Math.round(ms / unit)) * unit)
}

const KIB = 1024
const MIB = 1024 * 1024

/** `312 octets`, `47.1 KiB`, `3.2 MiB`. */
export function size(octets: number): string {
  if (octets < KIB) return counted(octets, 'octet')
  return octets < MIB ? `${(octets / KIB).toFixed(1)} KiB` : `${(octets / MIB).toFixed(1)} MiB`
}

/** A time in UTC; the script of the page writes it in the zone of the reader. */
export function time(at: number): Html {
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`
}

/** `5m ago` or `in 5m`, with the time itself as title. */
export function relative(at: number, now: number): Html {
  const iso = new Date(at).toISOString()
  const text = at <= now ? `${span(now - at)} ago` : `in ${span(at - now)}`
  return html`<time datetime="${iso}" title="${iso}">${text}</time>`
}

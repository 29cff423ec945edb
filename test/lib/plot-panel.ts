// Draws a dashboard with the results of its queries as a page of SVG, where no Grafana can be installed: so that a person can judge the panels.

import { escapeMarkup } from '../../src/lib/escape-markup.ts'
import { type Dashboard, filledIn, type Panel } from './dashboards.ts'
import type { Prometheus, Series } from './peers/prometheus.ts'

/** Pixels of one of the 24 columns, and of a row. */
const COLUMN = 60
const ROW = 34
const SECONDS = 120
const colours = [
  '#5794f2',
  '#73bf69',
  '#f2cc0c',
  '#ff780a',
  '#f2495c',
  '#b877d9',
  '#8ab8ff',
  '#96d98d',
  '#ffcb7d',
  '#ff7383',
]

interface Drawn {
  readonly legend: string
  readonly values: Series['values']
}

export async function plotDashboard(dashboard: Dashboard, prometheus: Prometheus): Promise<string> {
  const boxes = await Promise.all(dashboard.panels.map((panel) => plotPanel(panel, prometheus)))
  const height = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => (y + h) * ROW)) + 60
  return `<!doctype html><meta charset="utf-8"><title>${escapeMarkup(dashboard.title)}</title>
<style>body{background:#111217;color:#ccccdc;font:12px sans-serif;margin:10px}h1{font-size:18px}
.p{position:absolute;background:#181b1f;border:1px solid #2c3235;box-sizing:border-box;overflow:hidden;padding:4px 8px}
.r{position:absolute;font-weight:bold;padding-top:8px}b{font-size:13px}.n{color:#f2495c}td{padding:1px 12px 1px 0}
.s{display:inline-block;margin:6px;padding:8px 14px;background:#22252b;font-size:18px}.s small{display:block;font-size:11px;color:#aaa}</style>
<h1>${escapeMarkup(dashboard.title)}</h1><div style="position:relative;height:${height}px">${boxes.join('\n')}</div>`
}

async function plotPanel(panel: Panel, prometheus: Prometheus): Promise<string> {
  const { x, y, w, h } = panel.gridPos
  const place = `left:${x * COLUMN}px;top:${y * ROW}px;width:${w * COLUMN - 6}px;height:${h * ROW - 6}px`
  if (panel.type === 'row') return `<div class="r" style="${place}">${escapeMarkup(panel.title)}</div>`
  const drawn: Drawn[] = []
  for (const { expr, legendFormat } of panel.targets ?? []) {
    const found =
      panel.type === 'timeseries' || panel.type === 'heatmap'
        ? await prometheus.range(filledIn(expr, '30s'), SECONDS, 2)
        : await prometheus.query(filledIn(expr, '30s'))
    for (const { metric, values } of found) {
      const legend = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '')
      drawn.push({ legend: legend || JSON.stringify(metric), values })
    }
  }
  const content =
    drawn.length === 0
      ? '<p class="n">no data</p>'
      : panel.type === 'timeseries' || panel.type === 'heatmap'
        ? lines(drawn, w * COLUMN - 30, h * ROW - 70)
        : cells(drawn, panel)
  return `<div class="p" style="${place}" title="${escapeMarkup(panel.description ?? '')}"><b>${escapeMarkup(panel.title)}</b> <small>${escapeMarkup(panel.fieldConfig?.defaults.unit ?? '')}</small>${content}</div>`
}

function lines(drawn: readonly Drawn[], width: number, height: number): string {
  const all = drawn.flatMap(({ values }) => values).filter(([, value]) => Number.isFinite(value))
  const most = Math.max(1e-9, ...all.map(([, value]) => value))
  const [first, last] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))]
  const xOf = (at: number) => 50 + ((at - first) / Math.max(1, last - first)) * (width - 60)
  const yOf = (value: number) => height - 4 - (value / most) * (height - 14)
  const paths = drawn.map(({ values }, index) => {
    const points = values
      .filter(([, value]) => Number.isFinite(value))
      .map(([at, value]) => `${xOf(at).toFixed(1)},${yOf(value).toFixed(1)}`)
    return `<polyline fill="none" stroke="${colours[index % colours.length]}" stroke-width="1.5" points="${points.join(' ')}"/>`
  })
  const legend = drawn
    .map(
      ({ legend: text }, index) =>
        `<span style="color:${colours[index % colours.length]}">■</span> ${escapeMarkup(text)}`,
    )
    .join(' &nbsp; ')
  return `<svg width="${width}" height="${height}"><text x="0" y="12" fill="#aaa" font-size="10">${most.toPrecision(3)}</text><text x="0" y="${height - 4}" fill="#aaa" font-size="10">0</text><line x1="48" x2="48" y1="0" y2="${height}" stroke="#333"/>${paths.join('')}</svg><div>${legend}</div>`
}

function cells(drawn: readonly Drawn[], { type }: Panel): string {
  const shown = drawn.map(({ legend, values }) => [legend, (values.at(-1)?.[1] ?? Number.NaN).toPrecision(4)] as const)
  return type === 'stat' || type === 'bargauge'
    ? shown.map(([legend, value]) => `<span class="s">${value}<small>${escapeMarkup(legend)}</small></span>`).join('')
    : `<table>${shown.map(([legend, value]) => `<tr><td>${escapeMarkup(legend)}</td><td>${value}</td></tr>`).join('')}</table>`
}

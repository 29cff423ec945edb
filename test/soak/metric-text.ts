// Sums metrics of a page in the text format of Prometheus.

/** The sum over all labels that contain every given text, such as `origin="peer"`; NaN without a page or the metric. */
export function metricSum(page: string | null, name: string, ...labels: readonly string[]): number {
  if (page === null || !page.includes(`# TYPE ${name} `)) return Number.NaN
  let sum = 0
  for (const line of page.split('\n')) {
    if (!line.startsWith(name)) continue
    const [, found = '', value] = /^[a-z_0-9]+(\{.*\})? (\S+)$/.exec(line) ?? []
    const isThis = line[name.length] === '{' || line[name.length] === ' '
    if (isThis && labels.every((label) => found.includes(label))) sum += Number(value)
  }
  return sum
}

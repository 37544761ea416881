// Reads what Prometheus reads.

/** Samples of the text format: {name, labels, value, help}. */
export function readMetrics(text) {
  const help = new Map()
  const samples = []
  for (const line of text.split('\n')) {
    const [, name, said] = line.match(/^# HELP (\S+) (.*)$/) ?? []
    if (name) help.set(name, said)
    const [, metric, labels, value] = line.match(/^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/) ?? []
    if (metric) samples.push({ name: metric, labels: readLabels(labels ?? ''), value: Number(value), help: help.get(metric) ?? '' })
  }
  return samples
}

/** What speaks of drift and recall, for people. */
export function drift(samples) {
  return samples.filter(({ name, value }) => /drift|recall/.test(name) && !/_(bucket|created|sum|count)$/.test(name) && Number.isFinite(value)).map(
    ({ name, labels, value, help }) => ({
      label: [help.replace(/\.$/, '') || name.replaceAll('_', ' '), ...Object.values(labels)].join(' · '),
      value: Number.isInteger(value) ? String(value) : value.toPrecision(3),
    }),
  )
}

/** Median and 95th percentile in milliseconds of the histograms in seconds, by stage or by route. */
export function timings(samples) {
  const groups = new Map()
  for (const { name, labels, value } of samples) {
    const key = labels.stage ?? labels.route?.match(/(identify|explain|search)$/)?.[0].concat(', whole request')
    if (!name.endsWith('_seconds_bucket') || !key) continue
    const buckets = groups.get(key) ?? new Map()
    const bound = labels.le === '+Inf' ? Infinity : Number(labels.le)
    groups.set(key, buckets.set(bound, (buckets.get(bound) ?? 0) + value))
  }
  return [...groups].map(([key, buckets]) => {
    const sorted = [...buckets].sort((one, other) => one[0] - other[0])
    return { stage: key, p50: quantile(sorted, 0.5) * 1000, p95: quantile(sorted, 0.95) * 1000, count: sorted.at(-1)[1] }
  }).filter(one => one.count)
}

/** As Prometheus does it: linear within the bucket that holds the quantile. */
function quantile(buckets, share) {
  const rank = buckets.at(-1)[1] * share
  let [below, before] = [0, 0]
  for (const [bound, cumulated] of buckets) {
    if (cumulated >= rank) return bound === Infinity ? below : below + ((bound - below) * (rank - before)) / Math.max(cumulated - before, 1e-9)
    ;[below, before] = [bound, cumulated]
  }
  return below
}

function readLabels(text) {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value.replace(/\\(.)/g, '$1')]))
}
